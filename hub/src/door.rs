//! What stands before the hub while its log is being read: requests are answered from the first moment, if only by
//! saying that it is too early.

use crate::config::Settings;
use crate::hub::Hub;
use crate::storage::store::Progress;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// How far the hub has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It reads what it kept.
    Starting { done_bytes: u64, total_bytes: u64 },
    /// Requests are served.
    Ready,
    /// Its log has failed; it is about to end.
    Failed,
}

pub(crate) struct Door {
    settings: Settings,
    progress: Progress,
    hub: OnceLock<Arc<Hub>>,
}

impl Door {
    /// A door behind which there is nothing yet.
    pub(crate) fn closed(settings: Settings) -> Arc<Self> {
        Arc::new(Self { settings, progress: Progress::default(), hub: OnceLock::new() })
    }

    /// Lets requests through to the hub from now on.
    pub(crate) fn open(&self, hub: Arc<Hub>) {
        // A second hub behind the same door would have nothing to do.
        let _ = self.hub.set(hub);
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// To be kept up to date by whoever opens the hub.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The hub, once it is there.
    pub(crate) fn hub(&self) -> Option<&Arc<Hub>> {
        self.hub.get()
    }

    pub(crate) fn status(&self) -> Status {
        match self.hub() {
            None => Status::Starting {
                done_bytes: self.progress.done.load(Ordering::Relaxed),
                total_bytes: self.progress.total.load(Ordering::Relaxed),
            },
            Some(hub) if hub.engine.is_running() => Status::Ready,
            Some(_) => Status::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_tells_how_far_the_hub_has_come() {
        let door = Door::closed(Settings::default());
        door.progress().total.store(10, Ordering::Relaxed);
        door.progress().done.store(3, Ordering::Relaxed);
        assert_eq!(door.status(), Status::Starting { done_bytes: 3, total_bytes: 10 });
        let hub = Hub::in_memory(Settings::default()).unwrap();
        door.open(Arc::clone(&hub));
        assert_eq!(door.status(), Status::Ready);
        hub.engine.stop();
        assert_eq!(door.status(), Status::Failed);
    }
}
