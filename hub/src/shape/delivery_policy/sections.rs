//! The sections of a delivery policy, which topics and subscriptions have in common.

use super::retry::{Retry, number, within};
use super::{Flaw, members, unexpected};
use serde_json::{Value, json};

/// What notifications can be sent as.
const MEDIA_TYPES: [&str; 12] = [
    "text/css",
    "text/csv",
    "text/html",
    "text/plain",
    "text/xml",
    "application/atom+xml",
    "application/json",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
];

/// The sections of a policy, as far as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sections {
    pub(super) retry: Option<Retry>,
    pub(super) receives_per_second: Option<u64>,
    pub(super) content_type: Option<String>,
}

/// The sections that there are, whatever a form calls them.
#[derive(Clone, Copy)]
pub(super) enum Section {
    HealthyRetry,
    /// Reserved by AWS: it can be null and nothing else.
    SicklyRetry,
    Throttle,
    Request,
}

impl Sections {
    /// Reads one section; null is as good as none.
    pub(super) fn read(
        &mut self,
        section: Section,
        name: &str,
        value: &Value,
        path: &str,
    ) -> Result<(), Flaw> {
        if value.is_null() {
            return Ok(());
        }
        match section {
            Section::HealthyRetry => self.retry = Some(Retry::read(value, path)?),
            Section::SicklyRetry => return Err(unexpected(name)),
            Section::Throttle => self.receives_per_second = throttle(value, path)?,
            Section::Request => self.content_type = request(value, path)?,
        }
        Ok(())
    }

    pub(super) fn retry(&self) -> Option<Value> {
        self.retry.as_ref().map(Retry::json)
    }

    pub(super) fn throttle(&self) -> Option<Value> {
        self.receives_per_second.map(|number| json!({ "maxReceivesPerSecond": number }))
    }

    pub(super) fn request(&self) -> Option<Value> {
        self.content_type.as_ref().map(|text| json!({ "headerContentType": text }))
    }
}

fn throttle(policy: &Value, path: &str) -> Result<Option<u64>, Flaw> {
    let mut per_second = None;
    for (name, value) in members(policy, path)? {
        let path = format!("{path}.{name}");
        match name.as_str() {
            "maxReceivesPerSecond" if value.is_null() => {}
            "maxReceivesPerSecond" => per_second = Some(within(value, &number("", 1, 1, u64::MAX), &path)?),
            _ => return Err(unexpected(name)),
        }
    }
    Ok(per_second)
}

fn request(policy: &Value, path: &str) -> Result<Option<String>, Flaw> {
    let mut content_type = None;
    for (name, value) in members(policy, path)? {
        let path = format!("{path}.{name}");
        match name.as_str() {
            "headerContentType" => {
                let is_known = |text: &&str| {
                    let (media_type, _) = text.split_once(';').unwrap_or((text, ""));
                    MEDIA_TYPES.contains(&media_type.trim())
                        && !text.contains(|character: char| character.is_control())
                };
                let text = value.as_str().filter(is_known);
                content_type =
                    Some(text.ok_or_else(|| format!("{path} is not a supported content type"))?.to_owned());
            }
            _ => return Err(unexpected(name)),
        }
    }
    Ok(content_type)
}
