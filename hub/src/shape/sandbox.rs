//! The numbers that an account has registered in the sandbox of text messages, each proven by a one-time password.

use crate::hub::Hub;
use crate::operation::Context;
use crate::shape::record;
use crate::wire::{Code, Fault};
use queue_core::{Record, RecordKey, Tags, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The kind of the records.
pub(crate) const KIND: &str = "sandbox-number";

/// How many numbers an account can register.
pub(crate) const NUMBERS_MAX: usize = 10;

/// How long a password is good for.
pub(crate) const PASSWORD_LASTS: Duration = Duration::from_mins(15);

/// The languages that AWS writes its message with a password in.
pub(crate) const LANGUAGES: [&str; 13] = [
    "en-US", "en-GB", "es-419", "es-ES", "de-DE", "fr-CA", "fr-FR", "it-IT", "ja-JP", "pt-BR", "kr-KR",
    "zh-CN", "zh-TW",
];

const STATUS: &str = "Status";
const VERIFIED: &str = "Verified";
const PENDING: &str = "Pending";
const PASSWORD: &str = "OneTimePassword";
const EXPIRES: &str = "ExpiresMs";

/// Where a number of the caller is kept.
pub(crate) fn key(number: &str, cx: &Context) -> RecordKey {
    record::own(KIND, number, cx)
}

/// A number that the caller has registered.
pub(crate) fn find(key: &RecordKey, cx: &Context) -> Result<Arc<Record>, Fault> {
    let missing =
        || Fault::new(Code::ResourceNotFound, "The phone number is not registered in the SMS sandbox.");
    cx.hub.catalogue.record(key).ok_or_else(missing)
}

/// `Pending` or `Verified`.
pub(crate) fn status(number: &Record) -> &str {
    number.fields.get(STATUS).map_or(PENDING, AsRef::as_ref)
}

/// Whether somebody has proven to hold it.
pub(crate) fn is_verified(number: &Record) -> bool {
    status(number) == VERIFIED
}

/// Whether an account may not send to a number, because it is in the sandbox and the number is not verified there.
pub(crate) fn withholds(hub: &Hub, account: &str, region: &str, number: &str) -> bool {
    let verified = || hub.catalogue.record(&record::key(KIND, account, region, number));
    hub.settings.sms_sandbox && !verified().is_some_and(|number| is_verified(&number))
}

/// What is kept of a number whose holder was just sent a password.
pub(crate) fn pending(password: &str, now: Timestamp) -> Tags {
    let expires = now.after(PASSWORD_LASTS).milliseconds().to_string();
    record::fields([(STATUS, PENDING), (PASSWORD, password), (EXPIRES, &expires)])
}

/// What is kept of a number that was proven.
pub(crate) fn verified() -> Tags {
    record::fields([(STATUS, VERIFIED)])
}

/// Whether a password is the one that was sent, and still good.
pub(crate) fn proves(number: &Record, password: &str, now: Timestamp) -> bool {
    let is_sent = number.fields.get(PASSWORD).is_some_and(|sent| **sent == *password);
    let expires = number.fields.get(EXPIRES).and_then(|text| text.parse().ok()).unwrap_or(0);
    is_sent && now.milliseconds() < expires
}

/// A password of six digits.
pub(crate) fn password() -> String {
    format!("{:06}", Uuid::new_v4().as_u128() % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::RecordId;

    #[test]
    fn a_password_is_good_for_a_quarter_of_an_hour() {
        let sent = Timestamp(1_000_000);
        let key = record::key(KIND, "000000000000", "us-east-1", "+12065550100");
        let number = Record { id: RecordId(1), key, version: 1, fields: pending("123456", sent) };
        assert!(!is_verified(&number));
        let minutes = |minutes: u64| sent.after(Duration::from_mins(minutes));
        for (password, minute, expected) in
            [("123456", 0, true), ("123456", 14, true), ("123456", 15, false), ("123457", 0, false)]
        {
            assert_eq!(proves(&number, password, minutes(minute)), expected, "{password} after {minute}");
        }
        assert!(is_verified(&Record { fields: verified(), ..number }));
    }

    #[test]
    fn a_password_has_six_digits() {
        for _ in 0..100 {
            let password = password();
            assert!(password.len() == 6 && password.bytes().all(|byte| byte.is_ascii_digit()), "{password}");
        }
    }
}
