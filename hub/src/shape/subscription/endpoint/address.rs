//! The addresses of endpoints outside: each protocol has a form of its own.

use super::super::protocol::Protocol;
use crate::auth::is_account;
use crate::delivery::addresses::AddressRules;
use crate::delivery::caller::{Failure, connect, literal};
use crate::shape::arn::Arn;
use crate::shape::phone_number;
use crate::shape::queue::text;
use crate::shape::topic::limits;
use crate::wire::{Code, Fault};
use reqwest::Url;

/// Refuses an address that cannot be one of the protocol, or that may not be called. A queue's is checked where its
/// name is read.
pub(super) fn check(protocol: Protocol, address: &str, rules: &AddressRules) -> Result<(), Fault> {
    match protocol {
        Protocol::Http | Protocol::Https => check_reach(&url(protocol, address)?, rules),
        Protocol::Email | Protocol::EmailJson => require(is_mail_address(address), "Email address"),
        Protocol::Sms if phone_number::parse(address).is_some() => Ok(()),
        // The only text here without "Invalid parameter" in front.
        Protocol::Sms => Err(Fault::new(Code::InvalidParameter, format!("Invalid SMS endpoint: {address}"))),
        Protocol::Application => {
            let message = format!("Application endpoint arn invalid:{address}");
            require(is_thing(address, "sns", "endpoint/"), &message)
        }
        Protocol::Lambda => require(is_thing(address, "lambda", "function:"), "Lambda endpoint ARN"),
        Protocol::Firehose => {
            require(is_thing(address, "firehose", "deliverystream/"), "Firehose endpoint ARN")
        }
        Protocol::Sqs => require(Arn::queue(address).is_some(), "SQS endpoint ARN"),
    }
}

fn require(is_met: bool, what: &str) -> Result<(), Fault> {
    if is_met { Ok(()) } else { Err(Fault::invalid_parameter(what)) }
}

/// The URL of an endpoint.
///
/// A lenient reader finds a host in texts that hardly look like URLs; those are refused, so that there is no doubt
/// where the password in one ends.
fn url(protocol: Protocol, address: &str) -> Result<Url, Fault> {
    let invalid = || Fault::invalid_parameter("Endpoint");
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    if !scheme.eq_ignore_ascii_case(protocol.name()) {
        return Err(Fault::invalid_parameter("Endpoint must match the specified protocol"));
    }
    let is_plain = fits(address) && !rest.starts_with(['/', '\\']);
    Url::parse(address).ok().filter(|_| is_plain).ok_or_else(invalid)
}

/// Refuses a URL with an address that is not called. What a name stands for is known when it is called.
fn check_reach(url: &Url, rules: &AddressRules) -> Result<(), Fault> {
    if literal(url).is_none_or(|address| rules.allows(address)) {
        return Ok(());
    }
    Err(internal())
}

/// Refuses a URL that is not there.
pub(super) async fn check_connection(address: &str, rules: &AddressRules) -> Result<(), Fault> {
    let url = Url::parse(address).map_err(|_| Fault::invalid_parameter("Endpoint"))?;
    connect(&url, rules).await.map_err(|failure| match failure {
        Failure::Denied(_) => internal(),
        Failure::Timeout | Failure::Connection(_) => Fault::invalid_parameter("Unreachable Endpoint"),
    })
}

fn internal() -> Fault {
    Fault::new(Code::AuthorizationError, "Not authorized to subscribe internal endpoints")
}

/// A URL as it is shown: a password in it is for whoever calls it alone.
pub(super) fn without_password(address: &str) -> String {
    let masked = || {
        let (scheme, rest) = address.split_once("://")?;
        let authority = rest.split(['/', '\\', '?', '#']).next()?;
        let (userinfo, _) = authority.rsplit_once('@')?;
        let (user, _password) = userinfo.split_once(':')?;
        let after = rest.get(userinfo.len()..)?;
        Some(format!("{scheme}://{user}:****{after}"))
    };
    masked().unwrap_or_else(|| address.to_owned())
}

fn is_mail_address(address: &str) -> bool {
    let is_domain = |domain: &str| domain.split('.').all(|label| !label.is_empty());
    let parts = address.split_once('@');
    fits(address)
        && parts.is_some_and(|(user, domain)| !user.is_empty() && !domain.contains('@') && is_domain(domain))
}

/// Whether a text is the ARN of something that a service has.
fn is_thing(address: &str, service: &str, kind: &str) -> bool {
    let is_one = |arn: Arn<'_>| {
        let named = arn.resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
        arn.service == service && !arn.region.is_empty() && is_account(arn.account) && named
    };
    fits(address) && Arn::parse(address).is_some_and(is_one)
}

/// Whether a text has an end, and characters that every protocol can carry.
fn fits(address: &str) -> bool {
    let is_blank = |character: char| character.is_whitespace() || character.is_control();
    address.len() <= limits::ENDPOINT_BYTES_MAX && !address.contains(is_blank) && text::is_valid(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(protocol: Protocol, address: &str) -> Option<String> {
        let rules = AddressRules { is_on_loopback: true, ..AddressRules::default() };
        check(protocol, address, &rules).err().map(|fault| fault.message().to_owned())
    }

    #[test]
    fn each_protocol_has_its_own_form() {
        for (protocol, address) in [
            (Protocol::Http, "http://example.com"),
            (Protocol::Http, "HTTP://127.0.0.1:8080/hook?key=1#here"),
            (Protocol::Http, "http://[::1]/"),
            (Protocol::Https, "https://user:password@example.com/hook"),
            (Protocol::Email, "somebody+here@example.com"),
            (Protocol::EmailJson, "root@localhost"),
            (Protocol::Sms, "+12065550100"),
            (Protocol::Application, "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/shop/1f"),
            (Protocol::Lambda, "arn:aws:lambda:us-east-1:000000000000:function:bill:live"),
            (Protocol::Firehose, "arn:aws:firehose:us-east-1:000000000000:deliverystream/lake"),
        ] {
            assert_eq!(refused(protocol, address), None, "{address}");
        }
    }

    #[test]
    fn what_has_another_form_is_refused() {
        let differs = "Endpoint must match the specified protocol";
        let long = format!("http://example.com/{}", "x".repeat(limits::ENDPOINT_BYTES_MAX));
        for (protocol, address, expected) in [
            (Protocol::Http, "https://example.com", differs),
            (Protocol::Https, "http://example.com", differs),
            (Protocol::Http, "example.com", differs),
            (Protocol::Http, "", differs),
            (Protocol::Http, "http:example.com", differs),
            (Protocol::Http, "http://", "Endpoint"),
            (Protocol::Http, "http:///user:password@example.com", "Endpoint"),
            (Protocol::Http, "http://exa mple.com", "Endpoint"),
            (Protocol::Http, "http://example.com:99999", "Endpoint"),
            (Protocol::Http, "http://example.com/\r\nHost: other", "Endpoint"),
            (Protocol::Http, &long, "Endpoint"),
            (Protocol::Email, "", "Email address"),
            (Protocol::Email, "somebody", "Email address"),
            (Protocol::Email, "@example.com", "Email address"),
            (Protocol::Email, "a@b@example.com", "Email address"),
            (Protocol::Email, "a@example..com", "Email address"),
            (Protocol::EmailJson, "a b@example.com", "Email address"),
            (Protocol::Application, "shop", "Application endpoint arn invalid:shop"),
            (Protocol::Lambda, "arn:aws:lambda:us-east-1:000000000000:function:", "Lambda endpoint ARN"),
            (Protocol::Lambda, "arn:aws:sqs:us-east-1:000000000000:function:bill", "Lambda endpoint ARN"),
            (Protocol::Firehose, "arn:aws:firehose:us-east-1:0:deliverystream/lake", "Firehose endpoint ARN"),
            (Protocol::Sqs, "http://localhost:4566/000000000000/q", "SQS endpoint ARN"),
        ] {
            assert_eq!(refused(protocol, address), Some(format!("Invalid parameter: {expected}")));
        }
        let number = "NAA+15551234567";
        assert_eq!(refused(Protocol::Sms, number), Some(format!("Invalid SMS endpoint: {number}")));
    }

    #[test]
    fn an_address_that_is_not_called_is_refused_however_it_is_written() {
        for (url, is_allowed) in [
            ("http://10.0.0.1/hook", false),
            ("http://2130706433", false),
            ("http://user@127.1:8080", false),
            ("http://[::ffff:169.254.169.254]/", false),
            ("http://1.1.1.1", true),
            ("http://localhost", true),
        ] {
            let checked = check(Protocol::Http, url, &AddressRules::default());
            let refusal =
                Fault::new(Code::AuthorizationError, "Not authorized to subscribe internal endpoints");
            assert_eq!(checked, if is_allowed { Ok(()) } else { Err(refusal) }, "{url}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        for (address, expected) in [
            ("http://user:password@example.com:80/a@b", "http://user:****@example.com:80/a@b"),
            ("http://user:pass@word:x@example.com?a:b@c", "http://user:****@example.com?a:b@c"),
            ("http://:password@example.com", "http://:****@example.com"),
            ("http://user@example.com/a:b@c", "http://user@example.com/a:b@c"),
            ("http://example.com/a:b@c", "http://example.com/a:b@c"),
            ("http://example.com\\a:b@c", "http://example.com\\a:b@c"),
        ] {
            assert_eq!(without_password(address), expected);
        }
    }
}
