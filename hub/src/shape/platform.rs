//! Mobile push: applications that are registered with a platform, and the devices of each.
//!
//! Both are records. Their names are what stands in their ARNs: `GCM/shop`, and `GCM/shop/<uuid>`.

pub(crate) mod application;
pub(crate) mod endpoint;
pub(crate) mod orphans;

use crate::auth::Caller;
use crate::shape::arn::Arn;
use crate::shape::record;
use crate::shape::topic::reference::require_parts;
use crate::wire::Fault;
use queue_core::{Record, RecordKey};

/// What an ARN names.
struct Kind {
    /// The kind of its records.
    record: &'static str,
    /// What begins the resource in the ARN.
    prefix: &'static str,
    /// How many parts follow.
    parts: usize,
}

impl Kind {
    /// The record of the caller that an ARN names. `parameter` is what the request calls the ARN.
    fn key(&self, parameter: &str, text: &str, caller: &Caller) -> Result<RecordKey, Fault> {
        require_parts(parameter, text)?;
        let is_here = |arn: &Arn<'_>| {
            let is_own_region = caller.access_key_id.is_none() || arn.region == caller.region;
            arn.account == caller.account && is_own_region && self.name(arn).is_some()
        };
        let arn = Arn::parse(text).filter(is_here).ok_or_else(|| Fault::invalid_parameter(parameter))?;
        let rule = "Wrong number of slashes in relative portion of the ARN.";
        let wrong = || Fault::invalid_parameter(format_args!("{parameter} Reason: {rule}"));
        self.of(&arn).ok_or_else(wrong)
    }

    /// The record that an ARN names, whoever it belongs to.
    fn of(&self, arn: &Arn<'_>) -> Option<RecordKey> {
        let name = self.name(arn).filter(|name| name.split('/').count() == self.parts)?;
        Some(record::key(self.record, arn.account, arn.region, name))
    }

    /// What names it in its ARN.
    fn name<'a>(&self, arn: &Arn<'a>) -> Option<&'a str> {
        let resource = Some(arn.resource).filter(|_| arn.service == "sns")?;
        resource.strip_prefix(self.prefix)?.strip_prefix('/')
    }

    fn arn(&self, key: &RecordKey) -> String {
        let name = &key.name;
        format!("arn:aws:sns:{}:{}:{}/{}", name.region, name.account, self.prefix, name.name)
    }
}

/// The attribute that says whether messages are sent.
const ENABLED: &str = "Enabled";

/// Whether messages are sent through an application, or to an endpoint.
fn is_enabled(record: &Record) -> bool {
    record.fields.get(ENABLED).is_none_or(|enabled| &**enabled == "true")
}

/// The value of an attribute that is either true or false, in any spelling.
fn flag(name: &str, value: &str) -> Result<String, Fault> {
    let value = value.to_ascii_lowercase();
    if matches!(value.as_str(), "true" | "false") {
        return Ok(value);
    }
    Err(wrong(name, "must be true or false"))
}

fn wrong(name: &str, rule: &str) -> Fault {
    let what = format_args!("Attributes Reason: Invalid value for attribute: {name}: {rule}");
    Fault::invalid_parameter(what)
}

fn unknown(name: &str) -> Fault {
    Fault::invalid_parameter(format_args!("Attributes Reason: Invalid attribute name: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let caller = Caller {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            access_key_id: Some("111122223333".to_owned()),
        };
        let key = application::KIND.key("PlatformApplicationArn", text, &caller);
        if let Ok(key) = &key {
            assert_eq!(application::KIND.arn(key), text);
        }
        let said = key.map(|key| key.name.name.to_string()).map_err(|fault| fault.message().to_owned());
        let expected = expected.map(str::to_owned);
        assert_eq!(said, expected.map_err(|text| format!("Invalid parameter: PlatformApplicationArn{text}")));
    }

    #[test]
    fn an_arn_names_something_of_the_caller() {
        check("arn:aws:sns:eu-west-1:111122223333:app/GCM/shop", Ok("GCM/shop"));
        check("arn:aws:sns:eu-west-1", Err(" Reason: An ARN must have at least 6 elements, not 4"));
        for text in [
            "arn:aws:sns:eu-west-1:111122223333:orders",
            "arn:aws:sns:eu-west-1:000000000000:app/GCM/shop",
            "arn:aws:sns:us-east-1:111122223333:app/GCM/shop",
            "arn:aws:sqs:eu-west-1:111122223333:app/GCM/shop",
        ] {
            check(text, Err(""));
        }
        let slashes = " Reason: Wrong number of slashes in relative portion of the ARN.";
        check("arn:aws:sns:eu-west-1:111122223333:app/GCM", Err(slashes));
        check("arn:aws:sns:eu-west-1:111122223333:app/GCM/shop/more", Err(slashes));
    }
}
