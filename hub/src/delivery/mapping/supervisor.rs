//! Keeps a worker for each mapping that is enabled and has a queue.

use super::batch::Site;
use super::outlet::Counts;
use super::worker::Worker;
use super::{KIND, Mapping};
use crate::hub::Hub;
use crate::metrics::mappings::MappingSeries;
use crate::work::{Stop, stopped};
use queue_core::{Name, Record, RecordId, RecordKey};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// Works until the hub stops.
pub(crate) async fn run(hub: Arc<Hub>, stop: Stop) {
    let mut changes = hub.catalogue.watch_served();
    let mut supervisor = Supervisor { hub, stop, working: HashMap::new(), tasks: JoinSet::new() };
    loop {
        changes.borrow_and_update();
        supervisor.refresh();
        tokio::select! {
            () = stopped(&mut supervisor.stop) => break,
            // The catalogue lives as long as the hub.
            _ = changes.changed() => {}
            Some(_) = supervisor.tasks.join_next() => {}
        }
    }
    supervisor.working.clear();
    while supervisor.tasks.join_next().await.is_some() {}
}

struct Supervisor {
    hub: Arc<Hub>,
    stop: Stop,
    working: HashMap<RecordId, Working>,
    tasks: JoinSet<()>,
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

impl Supervisor {
    /// Begins, ends and replaces workers as the records say.
    fn refresh(&mut self) {
        let records = records(&self.hub);
        let versions: HashMap<_, _> = records.iter().map(|record| (record.id, record.version)).collect();
        self.working.retain(|id, working| versions.get(id) == Some(&working.version));
        self.hub.mappings.keep(|id| versions.contains_key(&id));
        for record in &records {
            if !self.working.contains_key(&record.id) {
                self.begin(record);
            }
        }
    }

    fn begin(&mut self, record: &Record) {
        let Some(mapping) = Mapping::of(record).filter(|mapping| mapping.enabled) else {
            return;
        };
        let Some(queue) = mapping.queue_name() else {
            return;
        };
        let filter = match mapping.filter.clone().unwrap_or_default().compile() {
            Ok(filter) => filter,
            Err(error) => {
                tracing::error!(%error, "the filter of a mapping is not accepted any more; it does not work");
                return;
            }
        };
        let (halt, halted) = watch::channel(false);
        let site = Arc::new(Site {
            outlet: self.hub.mappings.of(record.id, &mapping, &self.hub.settings),
            hub: Arc::clone(&self.hub),
            mapping,
            stop: self.stop.clone(),
            opened: Notify::new(),
        });
        self.tasks.spawn(Worker::new(site, queue, filter, halted).run());
        self.working.insert(record.id, Working { version: record.version, halt });
    }
}
