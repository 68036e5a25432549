//! Text messages: their settings for an account in a region, and who does not want any.

use crate::catalogue::Catalogue;
use crate::operation::Context;
use crate::shape::change::{Step, change};
use crate::shape::record;
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Code, Fault};
use queue_core::{RecordKey, Tags};

/// The kind of the one record with an account's settings.
const SETTINGS: &str = "sms-attributes";

/// The kind of the records that name who opted out.
pub(crate) const OPTED_OUT: &str = "opted-out-number";

/// What can be set.
const NAMES: [&str; 6] = [
    "MonthlySpendLimit",
    "DeliveryStatusIAMRole",
    "DeliveryStatusSuccessSamplingRate",
    "DefaultSenderID",
    "DefaultSMSType",
    "UsageReportS3Bucket",
];

/// Where the settings of the caller are kept.
pub(crate) fn settings_key(cx: &Context) -> RecordKey {
    record::own(SETTINGS, "", cx)
}

/// The settings as they are shown, in AWS's order. Nothing costs anything here; AWS begins with a limit all the same.
pub(crate) fn shown(settings: &Tags) -> Vec<(String, String)> {
    let value = |name: &str| match settings.get(name) {
        Some(value) => Some(value.to_string()),
        None => (name == "MonthlySpendLimit").then(|| "1".to_owned()),
    };
    NAMES.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
}

/// Sets one of them; an empty value takes it back.
pub(crate) fn set(settings: &mut Tags, name: &str, value: &str) -> Result<(), Fault> {
    if !NAMES.contains(&name) {
        return Err(invalid(format!("{name} is not a valid attribute")));
    }
    let is_whole = |most: u32| value.parse().is_ok_and(|number: u32| number <= most);
    let is_valid = match name {
        _ if value.is_empty() => true,
        "DefaultSMSType" => matches!(value, "Promotional" | "Transactional"),
        "DefaultSenderID" => is_sender(value),
        "DeliveryStatusSuccessSamplingRate" => is_whole(100),
        "MonthlySpendLimit" => is_whole(u32::MAX),
        _ => true,
    };
    if !is_valid {
        return Err(invalid(format!("{name} is invalid")));
    }
    if value.is_empty() {
        settings.remove(name);
    } else {
        settings.insert(name.into(), value.into());
    }
    Ok(())
}

/// A sender has a letter, and no more than eleven letters and digits.
fn is_sender(text: &str) -> bool {
    const CHARACTERS_MAX: usize = 11;
    text.len() <= CHARACTERS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// These messages are said without "Invalid parameter".
fn invalid(message: String) -> Fault {
    Fault::new(Code::InvalidParameter, message)
}

/// Whether the holder of a number wants no messages of an account.
pub(crate) fn is_opted_out(catalogue: &Catalogue, account: &str, region: &str, number: &str) -> bool {
    catalogue.record(&record::key(OPTED_OUT, account, region, number)).is_some()
}

/// Notes that the holder of a number wants none of the caller's messages, or wants them again.
pub(crate) async fn opt(number: &str, is_out: bool, cx: &Context) -> Result<(), Fault> {
    let key = record::own(OPTED_OUT, number, cx);
    let attempt = || {
        let kept = cx.hub.catalogue.record(&key);
        if kept.is_some() == is_out {
            return Ok(Step::Answer(()));
        }
        let fields = is_out.then(Tags::new);
        Ok(Step::Propose(record::set(key.clone(), kept.as_deref(), fields), Vec::new()))
    };
    change(cx, &OF_TOPICS, attempt, reply::done).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: &str) {
        let mut settings = Tags::new();
        let said = match set(&mut settings, name, value) {
            Ok(()) => "fine".to_owned(),
            Err(fault) => fault.message().to_owned(),
        };
        assert_eq!(said, expected, "{name} {value}");
    }

    #[test]
    fn settings_have_values_of_their_kind() {
        for (name, fine, wrong) in [
            ("DefaultSMSType", &["Promotional", "Transactional", ""][..], &["promotional", "x"][..]),
            ("DefaultSenderID", &["fanq", "4fanq", "ABCDEFGHIJK"], &["12345", "ABCDEFGHIJKL", "a b"]),
            ("DeliveryStatusSuccessSamplingRate", &["0", "100"], &["101", "-1", "x"]),
            ("MonthlySpendLimit", &["1", "10000"], &["x", "1.5"]),
            ("UsageReportS3Bucket", &["bucket"], &[]),
        ] {
            for value in fine {
                check(name, value, "fine");
            }
            for value in wrong {
                check(name, value, &format!("{name} is invalid"));
            }
        }
        check("Colour", "red", "Colour is not a valid attribute");
    }

    #[test]
    fn what_was_set_is_shown_and_an_empty_value_takes_it_back() {
        let mut settings = Tags::new();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let limit = || pair("MonthlySpendLimit", "1");
        assert_eq!(shown(&settings), [limit()]);
        set(&mut settings, "DefaultSMSType", "Transactional").unwrap();
        assert_eq!(shown(&settings), [limit(), pair("DefaultSMSType", "Transactional")]);
        set(&mut settings, "DefaultSMSType", "").unwrap();
        assert_eq!(shown(&settings), [limit()]);
    }
}
