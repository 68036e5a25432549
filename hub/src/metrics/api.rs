//! What is counted of requests: actions by their names, which are known beforehand, and errors as they come.

use super::exposition::Labels;
use super::histogram::{self, Histogram, Reading};
use crate::wire::Service;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What stands for an action that the service does not have, and for a request that names none.
const UNKNOWN: &str = "unknown";

/// What stands for success among the results.
const OK: &str = "ok";

/// All requests since the hub started.
#[derive(Debug)]
pub(crate) struct Api {
    services: Vec<Actions>,
    /// By service, action and error.
    faults: Mutex<BTreeMap<[&'static str; 3], u64>>,
}

#[derive(Debug)]
struct Actions {
    service: Service,
    actions: Vec<Action>,
    unknown: Action,
}

#[derive(Debug)]
struct Action {
    name: &'static str,
    ok: AtomicU64,
    /// Of all requests, whatever became of them.
    duration: Histogram,
}

impl Action {
    fn new(name: &'static str) -> Self {
        Self { name, ok: AtomicU64::new(0), duration: Histogram::of_seconds(histogram::SHORT) }
    }
}

impl Default for Api {
    fn default() -> Self {
        let actions = |service: Service| Actions {
            service,
            actions: service.actions().iter().map(|name| Action::new(name)).collect(),
            unknown: Action::new(UNKNOWN),
        };
        Self { services: Service::ALL.into_iter().map(actions).collect(), faults: Mutex::default() }
    }
}

impl Api {
    /// A request was answered, after so long; with the name of its error if it was refused.
    pub(crate) fn count(&self, service: Service, action: &str, fault: Option<&'static str>, took: Duration) {
        let Some(actions) = self.services.iter().find(|actions| actions.service == service) else {
            return;
        };
        let known = actions.actions.iter().find(|known| known.name == action);
        let action = known.unwrap_or(&actions.unknown);
        action.duration.observe(took);
        match fault {
            None => drop(action.ok.fetch_add(1, Ordering::Relaxed)),
            Some(fault) => self.count_fault([service.name(), action.name, fault]),
        }
    }

    /// A request was refused before its action was known.
    pub(crate) fn count_refused(&self, service: Service, fault: &'static str) {
        self.count_fault([service.name(), UNKNOWN, fault]);
    }

    fn count_fault(&self, fault: [&'static str; 3]) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
    }

    /// How many requests there were, by what became of them. What was never called is left out.
    pub(super) fn requests(&self) -> Vec<(Labels, u64)> {
        let mut results = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (service, action) in self.called() {
            results.insert([service.name(), action.name, OK], action.ok.load(Ordering::Relaxed));
        }
        let labels = |result| Labels::of(&["service", "action", "result"], result);
        results.iter().map(|(result, count)| (labels(result), *count)).collect()
    }

    /// How long they took.
    pub(super) fn durations(&self) -> Vec<(Labels, Reading)> {
        let labels = |service: Service, action| Labels::of(&["service", "action"], &[service.name(), action]);
        self.called()
            .map(|(service, action)| (labels(service, action.name), action.duration.read()))
            .collect()
    }

    fn called(&self) -> impl Iterator<Item = (Service, &Action)> {
        let all = self.services.iter().flat_map(|Actions { service, actions, unknown }| {
            actions.iter().chain([unknown]).map(|action| (*service, action))
        });
        all.filter(|(_, action)| action.duration.read().count() > 0)
    }
}
