//! [`Devices`]: the endpoints of applications by their tokens, so that registering a device does not cost a look at all
//! others.

use crate::shape::platform::endpoint;
use queue_core::{Name, Record, RecordKey};
use std::collections::BTreeSet;

/// By application, token and key. Several endpoints may have one token: nothing keeps a token from being changed to
/// that of another.
#[derive(Debug, Default)]
pub(super) struct Devices(BTreeSet<(Name, Box<str>, RecordKey)>);

impl Devices {
    pub(super) fn add(&mut self, record: &Record) {
        self.0.extend(entry(record));
    }

    pub(super) fn remove(&mut self, record: &Record) {
        if let Some(entry) = entry(record) {
            self.0.remove(&entry);
        }
    }

    /// What is found under a token, in the order of the keys.
    pub(super) fn with_token(&self, application: &Name, token: &str) -> impl Iterator<Item = &RecordKey> {
        let first = RecordKey { kind: Box::default(), name: Name::new("", "", "") };
        let found = self.0.range((application.clone(), token.into(), first)..);
        let is_of = move |entry: &&(Name, Box<str>, RecordKey)| entry.0 == *application && *entry.1 == *token;
        found.take_while(is_of).map(|(_, _, key)| key)
    }
}

/// Where an endpoint stands; nothing for any other record.
fn entry(record: &Record) -> Option<(Name, Box<str>, RecordKey)> {
    let (application, token) = endpoint::device(record)?;
    Some((application.name, token.into(), record.key.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::record;
    use queue_core::RecordId;

    fn device(application: &str, token: &str, id: u64) -> Record {
        let key =
            record::key("platform-endpoint", "000000000000", "us-east-1", &format!("{application}/{id}"));
        Record { id: RecordId(id), key, version: id, fields: record::fields([("Token", token)]) }
    }

    #[test]
    fn devices_are_found_by_application_and_token_until_they_are_removed() {
        let all = [("GCM/a", "t"), ("GCM/a", "u"), ("GCM/b", "t"), ("GCM/a", "t"), ("GCM/a", "tt")];
        let all: Vec<_> =
            (1..).zip(all).map(|(id, (application, token))| device(application, token, id)).collect();
        let mut devices = Devices::default();
        all.iter().for_each(|record| devices.add(record));
        let other = record::key("number", "000000000000", "us-east-1", "GCM/a/9");
        devices.add(&Record { key: other, ..device("GCM/a", "t", 9) });
        let application = Name::new("000000000000", "us-east-1", "GCM/a");
        let found = |devices: &Devices| -> Vec<_> {
            devices.with_token(&application, "t").map(|key| key.name.name.to_string()).collect()
        };
        assert_eq!(found(&devices), ["GCM/a/1", "GCM/a/4"]);
        devices.remove(&all[0]);
        assert_eq!(found(&devices), ["GCM/a/4"]);
        all.iter().for_each(|record| devices.remove(record));
        assert_eq!(devices.0.len(), 0);
    }
}
