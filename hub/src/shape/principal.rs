//! Principals in policies: who can be meant. Which accounts and users exist is not the hub's to know.

use super::arn::Arn;
use crate::auth::is_account;

/// Whether a principal of AWS has the form of one: an account, a user or role by ARN or id, or everybody.
pub(crate) fn may_exist(principal: &str) -> bool {
    let is_id = |text: &str| {
        let known = ["AIDA", "AROA"].iter().any(|kind| text.starts_with(kind));
        known && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    match Arn::parse(principal) {
        Some(arn) => {
            matches!(arn.service, "iam" | "sts") && is_account(arn.account) && !arn.resource.is_empty()
        }
        None => principal == "*" || is_account(principal) || is_id(principal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_everybody_an_account_or_somebody_in_one() {
        let cases = [
            ("*", true),
            ("111122223333", true),
            ("AIDAQABCDEFGHIJKLMNOP", true),
            ("arn:aws:iam::111122223333:root", true),
            ("arn:aws:iam::111122223333:user/division/x", true),
            ("arn:aws:sts::111122223333:assumed-role/x/y", true),
            ("", false),
            ("nobody", false),
            ("1111222233334", false),
            ("AIDAx", false),
            ("arn:aws:iam::1:user/x", false),
            ("arn:aws:iam::111122223333:", false),
            ("arn:aws:sqs:us-east-1:111122223333:orders", false),
        ];
        for (principal, expected) in cases {
            assert_eq!(may_exist(principal), expected, "{principal}");
        }
    }
}
