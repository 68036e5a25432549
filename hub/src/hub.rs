//! The running hub: what every request can reach.

use crate::catalogue::Catalogue;
use crate::config::Settings;
use crate::engine::Engine;
use crate::secrets::Secrets;
use crate::storage::clock::LogClock;
use crate::storage::memory::MemoryLog;
use std::io;
use std::sync::Arc;

pub(crate) struct Hub {
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) secrets: Arc<Secrets>,
    clock: Arc<LogClock>,
}

impl Hub {
    /// Starts a hub with nothing in it.
    pub(crate) fn start(settings: Settings) -> io::Result<Arc<Self>> {
        let clock = LogClock::starting_now();
        let genesis = Secrets::genesis();
        let secrets = Arc::new(Secrets::new(&genesis));
        let catalogue = Arc::new(Catalogue::default());
        let log = Box::new(MemoryLog::new(Arc::clone(&clock)));
        let engine =
            Engine::start(log, Arc::clone(&clock), Arc::clone(&catalogue), Arc::clone(&secrets), genesis)?;
        Ok(Arc::new(Self { settings, engine, catalogue, secrets, clock }))
    }

    /// Log time.
    pub(crate) fn now(&self) -> queue_core::Timestamp {
        self.clock.now()
    }

    /// Whether requests can be served.
    pub(crate) fn is_ready(&self) -> bool {
        self.engine.is_running()
    }

    /// The hub is about to stop: whoever waits is answered.
    pub(crate) fn begin_shutdown(&self) {
        self.engine.stop_waiting();
    }
}
