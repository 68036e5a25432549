//! Records: kept, changed and removed, and never looked at.

use super::{Change, Machine, Scope};
use crate::record::{Record, RecordKey};
use crate::weight::{in_tree, name, text, texts};
use crate::{Error, RecordId, Reply, SetRecord};

impl Machine {
    pub(super) fn set_record(&mut self, set: &SetRecord, scope: &mut Scope<'_>) -> Result<Reply, Error> {
        let found = self.record_keys.get(&set.key).copied();
        let before = found.and_then(|id| self.records.get(&id));
        if before.map_or(0, |record| record.version) != set.seen {
            return Err(Error::Stale);
        }
        let weight_before = before.map_or(0, Record::weigh);
        let Some(fields) = set.fields.clone() else {
            if let Some(id) = found {
                self.records.remove(&id);
                self.record_keys.remove(&set.key);
                self.lighten(weight_before);
                scope.applied.changed.insert(Change::Record(id));
            }
            return Ok(Reply::Done);
        };
        // Identities rise, so a record that was removed and made anew does not have the version that it had.
        let version = self.new_id();
        let id = found.unwrap_or(RecordId(version));
        let record = Record { id, key: set.key.clone(), version, fields };
        self.reweigh(weight_before, record.weigh());
        self.records.insert(id, record);
        self.record_keys.insert(set.key.clone(), id);
        scope.applied.changed.insert(Change::Record(id));
        Ok(Reply::Done)
    }

    /// A record.
    #[must_use]
    pub fn record(&self, id: RecordId) -> Option<&Record> {
        self.records.get(&id)
    }

    /// All records, by identity.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }
}

impl Record {
    /// With its place by what it is found by.
    pub(super) fn weigh(&self) -> u64 {
        const FIXED: u64 =
            in_tree(size_of::<(RecordId, Record)>()) + in_tree(size_of::<(RecordKey, RecordId)>());
        FIXED + 2 * (text(self.key.kind.len()) + name(&self.key.name)) + texts(&self.fields)
    }
}
