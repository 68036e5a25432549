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

/// The endpoint under a key, as whoever names it is told of it.
pub(crate) fn find(key: &RecordKey, cx: &Context) -> Result<Arc<Record>, Fault> {
    let missing = || Fault::new(Code::NotFound, "Endpoint does not exist");
    standing(key, &cx.hub.catalogue).map(|(_, endpoint)| endpoint).ok_or_else(missing)
}

/// Whether the application of an endpoint is there.
pub(crate) fn stands(endpoint: &Record, catalogue: &Catalogue) -> bool {
    let application = application_of(&endpoint.key).and_then(|key| catalogue.record(&key));
    application.is_some_and(|application| is_of(endpoint, &application))
}

/// An endpoint and its application; none unless both are there.
fn standing(key: &RecordKey, catalogue: &Catalogue) -> Option<(Arc<Record>, Arc<Record>)> {
    let endpoint = catalogue.record(key)?;
    let application = catalogue.record(&application_of(key)?)?;
    is_of(&endpoint, &application).then_some((application, endpoint))
}

/// Whether an endpoint belongs to an application that has the name of its own: one that is older belonged to another,
/// which was deleted, and went with it.
pub(crate) fn is_of(endpoint: &Record, application: &Record) -> bool {
    endpoint.id > application.id
}

/// What the application of an endpoint is found by.
fn application_of(key: &RecordKey) -> Option<RecordKey> {
    let name = &key.name;
    let (of, _) = name.name.rsplit_once('/')?;
    Some(record::key(application::KIND.record, &name.account, &name.region, of))
}

/// The application and the token of an endpoint; nothing for any other record.
pub(crate) fn device(record: &Record) -> Option<(RecordKey, &str)> {
    let token = record.fields.get(TOKEN).filter(|_| *record.key.kind == *KIND.record)?;
    Some((application_of(&record.key)?, token))
}

pub(crate) fn arn(key: &RecordKey) -> String {
    KIND.arn(key)
}

/// Where all endpoints begin, whoever they belong to.
pub(crate) fn all() -> RecordKey {
    record::key(KIND.record, "", "", "")
}

/// Where the endpoints of an application begin.
pub(crate) fn all_of(application: &RecordKey) -> RecordKey {
    let name = &application.name;
    record::key(KIND.record, &name.account, &name.region, &format!("{}/", name.name))
}

/// The endpoint of an application that has a token, or else the key for a new one.
///
/// A key is made of the token, so that of two who register the same one at once the second finds the first. An
/// endpoint whose token was changed keeps its key, so a key may be taken.
pub(crate) fn with_token(
    application: &Record,
    token: &str,
    catalogue: &Catalogue,
) -> Result<Arc<Record>, RecordKey> {
    let name = &application.key.name;
    let found = catalogue.devices(name, token).into_iter().find(|endpoint| is_of(endpoint, application));
    let prefix = all_of(&application.key).name.name;
    let key = |attempt: u32| {
        let text = format!("{}:{}:{}:{attempt}:{token}", name.account, name.region, name.name);
        let hash = digest(&SHA256, text.as_bytes());
        let bytes = hash.as_ref().first_chunk().copied().unwrap_or_default();
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        record::key(KIND.record, &name.account, &name.region, &format!("{prefix}{uuid}"))
    };
    let free = |key: &RecordKey| catalogue.record(key).is_none();
    found.ok_or_else(|| (0..).map(key).find(free).unwrap_or_else(|| key(0)))
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
    let (application, endpoint) = standing(key, catalogue).ok_or(Unreachable::Unknown)?;
    if !is_enabled(&application) {
        return Err(Unreachable::ApplicationDisabled);
    }
    if !is_enabled(&endpoint) {
        return Err(Unreachable::Disabled);
    }
    let (platform, _) = key.name.name.split_once('/').ok_or(Unreachable::Unknown)?;
    Ok(platform.to_owned())
}
