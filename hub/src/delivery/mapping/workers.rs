//! The workers of mappings: one for each that is enabled and has a queue.

use super::batch::Site;
use super::outlet::Counts;
use super::worker::Worker;
use super::{KIND, Mapping};
use crate::hub::Hub;
use crate::metrics::mappings::MappingSeries;
use crate::work::Stop;
use queue_core::{Name, Record, RecordId, RecordKey};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// Knows which mappings have a worker.
pub(crate) struct Workers {
    hub: Arc<Hub>,
    stop: Stop,
    working: HashMap<RecordId, Working>,
}

/// A worker; it is halted when this is dropped.
struct Working {
    version: u64,
    halt: watch::Sender<bool>,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.halt.send_replace(true);
    }
}

/// All mappings, whoever they belong to.
pub(crate) fn records(hub: &Hub) -> Vec<Arc<Record>> {
    hub.catalogue.records(&RecordKey { kind: KIND.into(), name: Name::new("", "", "") })
}

/// What was counted of up to so many mappings.
pub(crate) fn series(hub: &Hub, limit: usize) -> Vec<MappingSeries> {
    let one = |record: &Arc<Record>| {
        let outlet = hub.mappings.of(record.id, &Mapping::of(record)?, &hub.settings);
        let Counts { delivered, failed, filtered } = outlet.counts();
        let name = &record.key.name;
        Some(MappingSeries {
            account: name.account.to_string(),
            id: name.name.to_string(),
            delivered,
            failed,
            filtered,
            is_paused: outlet.breaker.is_open(),
        })
    };
    records(hub).iter().take(limit).filter_map(one).collect()
}

impl Workers {
    pub(crate) fn new(hub: &Arc<Hub>, stop: &Stop) -> Self {
        Self { hub: Arc::clone(hub), stop: stop.clone(), working: HashMap::new() }
    }

    /// Halts those of all other mappings, which are gone.
    pub(crate) fn keep(&mut self, mappings: &[Arc<Record>]) {
        let known: HashSet<_> = mappings.iter().map(|record| record.id).collect();
        self.working.retain(|id, _| known.contains(id));
        self.hub.mappings.keep(|id| known.contains(&id));
    }

    /// Halts all.
    pub(crate) fn halt(&mut self) {
        self.working.clear();
    }

    /// Looks at a record that may be, or have been, a mapping. Gives its worker if it needs a new one, and halts the
    /// last.
    pub(crate) fn look(&mut self, id: RecordId, record: Option<&Record>) -> Option<Worker> {
        let Some(record) = record else {
            self.working.remove(&id);
            self.hub.mappings.forget(id);
            return None;
        };
        let has_worker = self.working.get(&id).is_some_and(|working| working.version == record.version);
        if *record.key.kind != *KIND || has_worker {
            return None;
        }
        self.working.remove(&id);
        self.worker(record)
    }

    fn worker(&mut self, record: &Record) -> Option<Worker> {
        let mapping = Mapping::of(record).filter(|mapping| mapping.enabled)?;
        let queue = mapping.queue_name()?;
        let compiled = mapping.filter.clone().unwrap_or_default().compile();
        let refused = "the filter of a mapping is not accepted any more; it does not work";
        let filter = compiled.inspect_err(|error| tracing::error!(%error, "{refused}")).ok()?;
        let (halt, halted) = watch::channel(false);
        let site = Arc::new(Site {
            outlet: self.hub.mappings.of(record.id, &mapping, &self.hub.settings),
            hub: Arc::clone(&self.hub),
            mapping,
            stop: self.stop.clone(),
            opened: Notify::new(),
        });
        self.working.insert(record.id, Working { version: record.version, halt });
        Some(Worker::new(site, queue, filter, halted))
    }
}
