//! Applications that are registered with a platform.

use super::{ENABLED, Kind, flag, unknown, wrong};
use crate::operation::Context;
use crate::shape::record;
use crate::wire::{Code, Fault, Pairs};
use queue_core::{Record, RecordKey, Tags};
use std::sync::Arc;

/// What names one.
pub(super) const KIND: Kind = Kind { record: "platform-application", prefix: "app", parts: 2 };

/// The services that reach devices, by the names that messages have texts for.
const PLATFORMS: [&str; 11] = [
    "ADM",
    "APNS",
    "APNS_SANDBOX",
    "APNS_VOIP",
    "APNS_VOIP_SANDBOX",
    "BAIDU",
    "GCM",
    "MACOS",
    "MACOS_SANDBOX",
    "MPNS",
    "WNS",
];

/// What can be set, and is shown.
const SHOWN: [&str; 9] = [
    ENABLED,
    "EventEndpointCreated",
    "EventEndpointDeleted",
    "EventEndpointUpdated",
    "EventDeliveryFailure",
    "SuccessFeedbackRoleArn",
    "FailureFeedbackRoleArn",
    "SuccessFeedbackSampleRate",
    "ApplePlatformBundleID",
];

/// What can be set, and is told to nobody.
const HIDDEN: [&str; 3] = ["PlatformCredential", "PlatformPrincipal", "ApplePlatformTeamID"];

/// Characters of a name.
const NAME_CHARACTERS_MAX: usize = 256;

/// Checks the name of a new one.
pub(crate) fn check_name(name: &str) -> Result<(), Fault> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let rule = if name.is_empty() {
        "cannot be empty"
    } else if name.chars().count() > NAME_CHARACTERS_MAX {
        "must be at most 256 characters long"
    } else if !name.bytes().all(is_allowed) {
        "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
    } else {
        return Ok(());
    };
    Err(Fault::invalid_parameter(format_args!("{name} Reason: {rule}")))
}

/// Checks the platform of a new one.
pub(crate) fn check_platform(platform: &str) -> Result<(), Fault> {
    if PLATFORMS.contains(&platform) {
        return Ok(());
    }
    Err(Fault::invalid_parameter(format_args!("Platform Reason: {platform} is not supported")))
}

/// The record of an application of the caller.
pub(crate) fn key(platform: &str, name: &str, cx: &Context) -> RecordKey {
    record::own(KIND.record, &format!("{platform}/{name}"), cx)
}

/// The record that `PlatformApplicationArn` names.
pub(crate) fn named(arn: Option<&str>, cx: &Context) -> Result<RecordKey, Fault> {
    let arn = arn.ok_or_else(|| Fault::null_member("platformApplicationArn"))?;
    KIND.key("PlatformApplicationArn", arn, &cx.caller)
}

/// The application under a key.
pub(crate) fn find(key: &RecordKey, cx: &Context) -> Result<Arc<Record>, Fault> {
    let missing = || Fault::new(Code::NotFound, "PlatformApplication does not exist");
    cx.hub.catalogue.record(key).ok_or_else(missing)
}

pub(crate) fn arn(key: &RecordKey) -> String {
    KIND.arn(key)
}

/// Where all of the caller's begin.
pub(crate) fn all(cx: &Context) -> RecordKey {
    record::own(KIND.record, "", cx)
}

/// Sets attributes.
pub(crate) fn set(fields: &mut Tags, given: &Pairs<String>) -> Result<(), Fault> {
    for (name, value) in &given.0 {
        let value = match name.as_str() {
            ENABLED => flag(name, value)?,
            "PlatformCredential" if value.is_empty() => return Err(wrong(name, "cannot be empty")),
            "SuccessFeedbackSampleRate" if !is_rate(value) => {
                return Err(wrong(name, "must be a whole number from 0 to 100"));
            }
            known if SHOWN.contains(&known) || HIDDEN.contains(&known) => value.clone(),
            _ => return Err(unknown(name)),
        };
        fields.insert(name.as_str().into(), value.into());
    }
    Ok(())
}

fn is_rate(text: &str) -> bool {
    text.parse().is_ok_and(|rate: u32| rate <= 100)
}

/// The attributes that whoever asks is shown.
pub(crate) fn shown(application: &Record) -> Pairs<String> {
    let value = |name: &str| Some(application.fields.get(name)?.to_string());
    Pairs(SHOWN.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_made_of_few_characters() {
        let long = "n".repeat(256);
        for name in ["a-b_c.D9", &long] {
            assert_eq!(check_name(name), Ok(()));
        }
        let characters = "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'";
        for (name, rule) in [
            ("", "cannot be empty"),
            (&format!("{long}n"), "must be at most 256 characters long"),
            ("a/b", characters),
            ("ü", characters),
        ] {
            let said = check_name(name).unwrap_err();
            assert_eq!(said.message(), format!("Invalid parameter: {name} Reason: {rule}"));
        }
    }

    #[test]
    fn secrets_are_kept_and_not_shown() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let given = Pairs(vec![pair("PlatformCredential", "secret"), pair("Enabled", "TRUE")]);
        let mut fields = Tags::new();
        set(&mut fields, &given).unwrap();
        assert_eq!(fields.get("PlatformCredential").map(AsRef::as_ref), Some("secret"));
        let key = record::key(KIND.record, "000000000000", "us-east-1", "GCM/shop");
        let application = Record { id: queue_core::RecordId(1), key, version: 1, fields };
        assert_eq!(shown(&application).0, [pair("Enabled", "true")]);
    }

    #[test]
    fn an_attribute_that_makes_no_sense_is_refused() {
        for (name, value, said) in [
            ("Colour", "red", "Invalid attribute name: Colour"),
            ("Enabled", "x", "Invalid value for attribute: Enabled: must be true or false"),
            ("PlatformCredential", "", "Invalid value for attribute: PlatformCredential: cannot be empty"),
        ] {
            let given = Pairs(vec![(name.to_owned(), value.to_owned())]);
            let fault = set(&mut Tags::new(), &given).unwrap_err();
            assert_eq!(fault.message(), format!("Invalid parameter: Attributes Reason: {said}"));
        }
    }
}
