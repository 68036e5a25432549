//! The devices that an application is installed on.

use super::{ENABLED, Kind, application, flag, is_enabled, unknown, wrong};
use crate::auth::Caller;
use crate::catalogue::Catalogue;
use crate::operation::Context;
use crate::shape::arn::Arn;
use crate::shape::record;
use crate::wire::{Code, Fault, Pairs};
use aws_lc_rs::digest::{SHA256, digest};
use queue_core::{Record, RecordKey, Tags};
use std::sync::Arc;

const KIND: Kind = Kind { record: "platform-endpoint", prefix: "endpoint", parts: 3 };

/// What can be set, in the order in which it is shown. The last two are for Baidu.
const NAMES: [&str; 5] = [ENABLED, "CustomUserData", TOKEN, "ChannelId", "UserId"];

const TOKEN: &str = "Token";

/// Bytes of what an application notes of a device.
const CUSTOM_USER_DATA_BYTES_MAX: usize = 2_048;

/// The record that `EndpointArn` names.
pub(crate) fn named(arn: Option<&str>, cx: &Context) -> Result<RecordKey, Fault> {
    let arn = arn.ok_or_else(|| Fault::null_member("endpointArn"))?;
    KIND.key("EndpointArn", arn, &cx.caller)
}

/// The endpoint under a key.
pub(crate) fn find(key: &RecordKey, cx: &Context) -> Result<Arc<Record>, Fault> {
    let missing = || Fault::new(Code::NotFound, "Endpoint does not exist");
    cx.hub.catalogue.record(key).ok_or_else(missing)
}

pub(crate) fn arn(key: &RecordKey) -> String {
    KIND.arn(key)
}

/// Where the endpoints of an application begin.
pub(crate) fn all_of(application: &RecordKey) -> RecordKey {
    let name = &application.name;
    record::key(KIND.record, &name.account, &name.region, &format!("{}/", name.name))
}

/// The endpoint of an application that has a token, or else the key for a new one.
///
/// A key is made of the token, so that of two who register the same one at once the second finds the first. An
/// endpoint whose token was changed keeps its key, so all have to be looked at, and a key may be taken.
pub(crate) fn with_token(
    application: &RecordKey,
    token: &str,
    catalogue: &Catalogue,
) -> Result<Arc<Record>, RecordKey> {
    let all = all_of(application);
    let has_token = |endpoint: &Arc<Record>| endpoint.fields.get(TOKEN).is_some_and(|kept| **kept == *token);
    let key = |attempt: u32| {
        let name = &application.name;
        let text = format!("{}:{}:{}:{attempt}:{token}", name.account, name.region, name.name);
        let hash = digest(&SHA256, text.as_bytes());
        let bytes = hash.as_ref().first_chunk().copied().unwrap_or_default();
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        record::key(KIND.record, &name.account, &name.region, &format!("{}{uuid}", all.name.name))
    };
    if let Some(found) = catalogue.record(&key(0)).filter(|endpoint| has_token(endpoint)) {
        return Ok(found);
    }
    match catalogue.records_within(&all, None, usize::MAX).into_iter().find(has_token) {
        Some(found) => Ok(found),
        None => Err((0..).map(key).find(|key| catalogue.record(key).is_none()).unwrap_or_else(|| key(0))),
    }
}

/// Sets attributes.
pub(crate) fn set(fields: &mut Tags, given: &Pairs<String>) -> Result<(), Fault> {
    for (name, value) in &given.0 {
        let value = match name.as_str() {
            ENABLED => flag(name, value)?,
            TOKEN if value.is_empty() => return Err(wrong(name, "cannot be empty")),
            "CustomUserData" if value.len() > CUSTOM_USER_DATA_BYTES_MAX => {
                return Err(wrong(name, "must be at most 2048 bytes long in UTF-8 encoding"));
            }
            known if NAMES.contains(&known) => value.clone(),
            _ => return Err(unknown(name)),
        };
        fields.insert(name.as_str().into(), value.into());
    }
    Ok(())
}

/// Its attributes as they are shown.
pub(crate) fn shown(endpoint: &Record) -> Pairs<String> {
    let value = |name: &str| Some(endpoint.fields.get(name)?.to_string());
    Pairs(NAMES.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect())
}

/// Why nothing can be sent to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// There is no such endpoint, or no such application any more.
    Unknown,
    /// The application is disabled.
    ApplicationDisabled,
    /// The endpoint is disabled.
    Disabled,
}

/// The endpoint of the caller that is the target of a message.
pub(crate) fn target(arn: &str, caller: &Caller) -> Result<RecordKey, Unreachable> {
    KIND.key("TargetArn", arn, caller).map_err(|_| Unreachable::Unknown)
}

/// The endpoint that is subscribed to a topic.
pub(crate) fn subscribed(arn: &str) -> Result<RecordKey, Unreachable> {
    Arn::parse(arn).and_then(|arn| KIND.of(&arn)).ok_or(Unreachable::Unknown)
}

/// The platform that a message to an endpoint goes through.
pub(crate) fn platform(key: &RecordKey, catalogue: &Catalogue) -> Result<String, Unreachable> {
    let endpoint = catalogue.record(key).ok_or(Unreachable::Unknown)?;
    let (of, _) = key.name.name.rsplit_once('/').ok_or(Unreachable::Unknown)?;
    let of = record::key(application::KIND.record, &key.name.account, &key.name.region, of);
    let application = catalogue.record(&of).ok_or(Unreachable::Unknown)?;
    if !is_enabled(&application) {
        return Err(Unreachable::ApplicationDisabled);
    }
    if !is_enabled(&endpoint) {
        return Err(Unreachable::Disabled);
    }
    let (platform, _) = key.name.name.split_once('/').ok_or(Unreachable::Unknown)?;
    Ok(platform.to_owned())
}
