//! What a signature (version 4) says about itself: whose key, for which region and service.

use actix_web::http::header::AUTHORIZATION;

use crate::wire::{Head, Parameters};

/// The `Credential` of a signature, `<key>/<date>/<region>/<service>/aws4_request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credential<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl<'a> Credential<'a> {
    /// The credential of a request: in its `Authorization` header, or in the parameters of a presigned URL. A
    /// header that means something else, such as a proxy's password, counts as none.
    pub(crate) fn read(head: &Head<'a>, parameters: &'a Parameters<'_>) -> Option<Self> {
        let signed = || head.header(&AUTHORIZATION).and_then(in_header);
        signed().or_else(|| parameters.first("X-Amz-Credential")).and_then(Self::parse)
    }

    /// The credential that a token is, where no header can be sent: one as in a signature, or a key id alone.
    pub(crate) fn of_token(token: &'a str) -> Option<Self> {
        let is_key = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        Self::parse(token)
            .or_else(|| is_key.then_some(Self { access_key_id: token, region: "", service: "" }))
    }

    fn parse(text: &'a str) -> Option<Self> {
        // Read from the right: a key may contain slashes, the rest may not.
        let mut parts = text.rsplitn(5, '/');
        let [Some("aws4_request"), Some(service), Some(region), Some(_), Some(access_key_id)] =
            [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return None;
        };
        Some(Self { access_key_id, region, service })
    }
}

fn in_header(value: &str) -> Option<&str> {
    let fields = value.trim_start().strip_prefix("AWS4-HMAC-SHA256")?;
    fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::http::header::{HeaderMap, HeaderValue};

    use super::*;

    fn check(header: Option<&str>, query: &str, expected: Option<(&str, &str, &str)>) {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        let head = Head { method: &Method::GET, path: "/", query, headers: &headers };
        let parameters = Parameters::parse(&[query.as_bytes()]).unwrap();
        let read = Credential::read(&head, &parameters).map(|it| (it.access_key_id, it.region, it.service));
        assert_eq!(read, expected, "{header:?} {query}");
    }

    #[test]
    fn the_credential_is_in_the_header_or_in_a_presigned_url() {
        let sns = Some(("AKID", "eu-west-1", "sns"));
        let rest = "SignedHeaders=host;x-amz-date, Signature=00";
        check(None, "", None);
        check(
            Some(&format!("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sns/aws4_request, {rest}")),
            "",
            sns,
        );
        check(
            Some(&format!("AWS4-HMAC-SHA256 {rest},Credential=AKID/20260101/eu-west-1/sns/aws4_request")),
            "",
            sns,
        );
        check(None, "X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fsns%2Faws4_request", sns);
        check(
            Some("AWS4-HMAC-SHA256 Credential=a/b/20260101/local/sqs/aws4_request"),
            "",
            Some(("a/b", "local", "sqs")),
        );
    }

    #[test]
    fn a_header_that_is_no_signature_is_no_credential() {
        check(Some("Basic dGVzdDp0ZXN0"), "", None);
        check(Some("AWS4-HMAC-SHA256"), "", None);
        check(Some("AWS4-HMAC-SHA256 Credential="), "", None);
        check(Some("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sns"), "", None);
        check(Some("AWS AKID:signature"), "", None);
    }
}
