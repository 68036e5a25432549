//! The views of records.

use super::{Catalogue, Views};
use queue_core::{Machine, Name, Record, RecordId, RecordKey};
use std::sync::Arc;

impl Catalogue {
    pub(crate) fn record(&self, key: &RecordKey) -> Option<Arc<Record>> {
        self.read(|views| views.records.get(key).cloned())
    }

    /// A record by its identity.
    pub(crate) fn record_as(&self, id: RecordId) -> Option<Arc<Record>> {
        self.hand_out(1);
        self.read(|views| {
            views.records.get(views.record_keys.get(&id)?).filter(|found| found.id == id).cloned()
        })
    }

    /// The records of a kind, in the order of their names, from one name on.
    pub(crate) fn records(&self, from: &RecordKey) -> Vec<Arc<Record>> {
        let found: Vec<_> = self.read(|views| {
            let of_kind = views.records.range(from..).map(|(_, record)| record);
            of_kind.take_while(|record| record.key.kind == from.kind).cloned().collect()
        });
        self.hand_out(found.len());
        found
    }

    /// How often records of a kind have changed.
    pub(crate) fn record_changes(&self, kind: &str) -> u64 {
        self.read(|views| views.record_changes.get(kind).copied().unwrap_or(0))
    }

    /// The endpoints of an application that have a token, in the order of their names.
    pub(crate) fn devices(&self, application: &Name, token: &str) -> Vec<Arc<Record>> {
        self.read(|views| {
            let keys = views.devices.with_token(application, token);
            keys.filter_map(|key| views.records.get(key).cloned()).collect()
        })
    }

    /// The records of the same kind, account and region whose names begin as this one and come after `after`, in the
    /// order of their names.
    pub(crate) fn records_within(
        &self,
        first: &RecordKey,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Arc<Record>> {
        let (of, prefix) = (&first.name, &*first.name.name);
        let from = after.filter(|after| *after > prefix).unwrap_or(prefix);
        let from = RecordKey { kind: first.kind.clone(), name: Name::new(&of.account, &of.region, from) };
        self.read(|views| {
            let within = |record: &&Arc<Record>| {
                let RecordKey { kind, name } = &record.key;
                let is_of = *kind == first.kind && name.account == of.account && name.region == of.region;
                is_of && name.name.starts_with(prefix)
            };
            let beyond = |record: &&Arc<Record>| after.is_none_or(|after| *record.key.name.name > *after);
            let all = views.records.range(from..).map(|(_, record)| record);
            all.take_while(within).filter(beyond).take(limit).cloned().collect()
        })
    }
}

impl Views {
    pub(super) fn refresh_record(&mut self, machine: &Machine, id: RecordId) {
        if let Some(record) = machine.record(id) {
            self.count_change(&record.key.kind);
            self.record_keys.insert(id, record.key.clone());
            if let Some(before) = self.records.insert(record.key.clone(), Arc::new(record.clone())) {
                self.devices.remove(&before);
            }
            self.devices.add(record);
        } else if let Some(key) = self.record_keys.remove(&id)
            && self.records.get(&key).is_some_and(|record| record.id == id)
            && let Some(before) = self.records.remove(&key)
        {
            self.count_change(&key.kind);
            self.devices.remove(&before);
        }
    }
    fn count_change(&mut self, kind: &str) {
        if let Some(changes) = self.record_changes.get_mut(kind) {
            *changes += 1;
        } else {
            self.record_changes.insert(kind.into(), 1);
        }
    }
}
