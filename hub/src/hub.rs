//! The running hub: what every request can reach.

use crate::catalogue::Catalogue;
use crate::config::Settings;
use crate::engine::{Engine, Start};
use crate::memory;
use crate::secrets::Secrets;
use crate::storage::Log;
use crate::storage::clock::LogClock;
use crate::storage::memory::MemoryLog;
use crate::storage::room::Room;
use crate::storage::store::{self, ClockOptions, Opened, Options, Progress, Recovery};
use queue_core::Machine;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a hub cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot open the data folder {}: {source}", folder.display())]
    Store { folder: PathBuf, source: store::OpenError },
    #[error("cannot start threads: {0}")]
    Threads(#[from] io::Error),
}

/// What was there when the hub started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) queues: usize,
    pub(crate) topics: usize,
    pub(crate) messages: u64,
    /// What it took to get there.
    pub(crate) recovery: Recovery,
}

impl Holdings {
    fn of(machine: &Machine, recovery: Recovery) -> Self {
        let messages = |queue: &queue_core::Queue| {
            let counts = queue.counts();
            counts.visible + counts.in_flight + counts.delayed
        };
        Self {
            queues: machine.queues().count(),
            topics: machine.topics().count(),
            messages: machine.queues().map(messages).sum(),
            recovery,
        }
    }
}

pub(crate) struct Hub {
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) recovered: Holdings,
    clock: Arc<LogClock>,
}

impl Hub {
    /// Starts a hub with what its data folder holds, or with nothing if it keeps its state in memory. Waits for the
    /// disk.
    pub(crate) fn open(settings: Settings, progress: &Progress) -> Result<Arc<Self>, Error> {
        if settings.in_memory {
            return Ok(Self::in_memory(settings)?);
        }
        let options = Options {
            folder: settings.data_dir.clone(),
            durability: settings.durability,
            body_cache_bytes: settings.body_cache.0,
            clock: ClockOptions { may_be_turned: settings.test_clock, may_jump: settings.accept_time_jump },
        };
        let room = Arc::default();
        let failed = |source| Error::Store { folder: options.folder.clone(), source };
        let Opened { machine, log, run, clock, keeper, recovery } =
            store::open(&options, &room, progress).map_err(failed)?;
        memory::give_back();
        let hub = Self::start(settings, Begin { log, machine, run, clock, room, recovery })?;
        keeper.start(hub.engine.proposer())?;
        Ok(hub)
    }

    /// Starts a hub with nothing in it, whatever the settings say.
    pub(crate) fn in_memory(settings: Settings) -> io::Result<Arc<Self>> {
        let clock = LogClock::starting_now();
        let log = Box::new(MemoryLog::new(Arc::clone(&clock)));
        let (machine, room, recovery) = (Machine::default(), Arc::default(), Recovery::default());
        Self::start(settings, Begin { log, machine, run: 1, clock, room, recovery })
    }

    fn start(settings: Settings, begin: Begin) -> io::Result<Arc<Self>> {
        let Begin { log, machine, run, clock, room, recovery } = begin;
        let recovered = Holdings::of(&machine, recovery);
        let genesis = machine.genesis().cloned().unwrap_or_else(Secrets::genesis);
        let secrets = Arc::new(Secrets::new(&genesis));
        let catalogue = Arc::new(Catalogue::default());
        let max_state_bytes = settings.max_state.map_or_else(|| memory::available() / 2, |size| size.0);
        let engine = Engine::start(Start {
            log,
            machine,
            run,
            clock: Arc::clone(&clock),
            catalogue: Arc::clone(&catalogue),
            secrets: Arc::clone(&secrets),
            room,
            max_state_bytes,
            genesis: Some(genesis),
        })?;
        Ok(Arc::new(Self { settings, engine, catalogue, secrets, recovered, clock }))
    }

    /// Log time.
    pub(crate) fn now(&self) -> queue_core::Timestamp {
        self.clock.now()
    }

    /// The hub is about to stop: whoever waits is answered.
    pub(crate) fn begin_shutdown(&self) {
        self.engine.stop_waiting();
    }
}

/// Where a hub begins.
struct Begin {
    log: Box<dyn Log>,
    machine: Machine,
    run: u64,
    clock: Arc<LogClock>,
    room: Arc<Room>,
    recovery: Recovery,
}
