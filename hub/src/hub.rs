//! The running hub: what every request can reach.

use crate::catalogue::Catalogue;
use crate::config::Settings;
use crate::delivery::mapping::function::Functions;
use crate::delivery::mapping::{self, Outlets};
use crate::delivery::outbox::Outbox;
use crate::delivery::signing::Signing;
use crate::engine::{self, Engine, Start};
use crate::live::Live;
use crate::memory;
use crate::metrics::{Metrics, mappings};
use crate::secrets::Secrets;
use crate::socket::Sockets;
use crate::storage::clock::LogClock;
use crate::storage::memory::MemoryLog;
use crate::storage::room::Room;
use crate::storage::store::{self, ClockOptions, Opened, Options, Progress, Recovery};
use crate::storage::{self, Log};
use queue_core::Machine;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a hub cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot open the data folder {}: {source}{}", folder.display(), hint(folder, source))]
    Store { folder: PathBuf, source: store::OpenError },
    #[error("cannot open the data folder {}: it is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("cannot start threads: {0}")]
    Threads(#[from] io::Error),
}

/// What to do about a store that cannot be opened.
fn hint(folder: &Path, error: &store::OpenError) -> String {
    let is_damage = match error {
        store::OpenError::Log(error) => is_damage(error),
        store::OpenError::Clock(_) => false,
    };
    if is_damage {
        format!("; `fanq check {}` shows exactly what is damaged", folder.display())
    } else {
        String::new()
    }
}

/// Whether a part of the store is not there, or is not what was written.
fn is_damage(error: &storage::Error) -> bool {
    use storage::Error;
    match error {
        Error::Damaged { .. }
        | Error::DamagedBodies { .. }
        | Error::DamagedFile { .. }
        | Error::Missing { .. }
        | Error::MissingRun { .. }
        | Error::MissingFile { .. }
        | Error::NoCheckpoint => true,
        Error::File { .. }
        | Error::Entry { .. }
        | Error::State { .. }
        | Error::Version { .. }
        | Error::Body { .. }
        | Error::OtherStore { .. }
        | Error::Diverged { .. }
        | Error::InUse { .. }
        | Error::TooLarge { .. }
        | Error::Closed => false,
    }
}

/// Whether there is something of that name that cannot hold files: a file, or a link that leads nowhere.
fn is_no_folder(path: &Path) -> bool {
    match path.metadata() {
        Ok(metadata) => !metadata.is_dir(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.is_symlink(),
        Err(_) => false,
    }
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
            queues: machine.queues().filter(|queue| !queue.is_internal()).count(),
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
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) recovered: Holdings,
    pub(crate) mappings: Outlets,
    pub(crate) functions: Functions,
    pub(crate) outbox: Outbox,
    pub(crate) signing: Signing,
    pub(crate) live: Arc<Live>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) clock: Arc<LogClock>,
}

impl Hub {
    /// Starts a hub with what its data folder holds, or with nothing if it keeps its state in memory. Waits for the
    /// disk.
    pub(crate) fn open(settings: Settings, progress: &Progress) -> Result<Arc<Self>, Error> {
        if settings.in_memory {
            return Ok(Self::in_memory(settings)?);
        }
        if is_no_folder(&settings.data_dir) {
            return Err(Error::NotAFolder(settings.data_dir));
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
        let metrics = Arc::new(Metrics::default());
        let live = Arc::new(Live::new(settings.live_history.0 as usize, clock.now()));
        let max_state_bytes = settings.max_state.map_or_else(|| memory::available() / 2, |size| size.0);
        let engine = Engine::start(Start {
            log,
            machine,
            run,
            clock: Arc::clone(&clock),
            catalogue: Arc::clone(&catalogue),
            secrets: Arc::clone(&secrets),
            room,
            metrics: Arc::clone(&metrics),
            live: Arc::clone(&live),
            max_state_bytes,
            genesis: Some(genesis),
        })?;
        let mappings = Outlets::new(clock.advanced());
        let (outbox, signing) = (Outbox::default(), Signing::default());
        Ok(Arc::new(Self {
            settings,
            engine,
            catalogue,
            secrets,
            metrics,
            recovered,
            mappings,
            functions: Functions::default(),
            outbox,
            signing,
            live,
            sockets: Arc::default(),
            clock,
        }))
    }

    /// Log time.
    pub(crate) fn now(&self) -> queue_core::Timestamp {
        self.clock.now()
    }

    /// What can be measured, in the text format of Prometheus.
    pub(crate) async fn expose_metrics(&self) -> Result<String, engine::Error> {
        let limit = self.settings.metrics_queues.0 as usize;
        let scraped = self.engine.scrape(limit).await?;
        let subscriptions = self.catalogue.subscription_series(limit, &scraped.of_subscriptions);
        let mut text = self.metrics.expose(&scraped, &subscriptions, &self.sockets.figures());
        text.push_str(&mappings::expose(&mapping::series(self, limit)));
        text.push_str(&self.live.counts.expose());
        Ok(text)
    }

    /// The hub is about to stop: whoever waits is answered, and whoever reads is told.
    pub(crate) fn begin_shutdown(&self) {
        // First: who is answered emptily would else ask again.
        self.sockets.stop();
        self.live.close();
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

#[cfg(test)]
mod tests {
    use super::*;
    use storage::Error::{DamagedFile, InUse};

    #[test]
    fn a_damaged_store_is_refused_with_a_hint_and_others_without() {
        let folder = PathBuf::from("data");
        let text =
            |error: storage::Error| Error::Store { folder: folder.clone(), source: error.into() }.to_string();
        assert_eq!(
            text(DamagedFile { file: "store".to_owned() }),
            "cannot open the data folder data: store is damaged; `fanq check data` shows exactly what is damaged"
        );
        assert_eq!(
            text(InUse { folder: folder.clone() }),
            "cannot open the data folder data: another process uses data"
        );
    }

    #[test]
    fn a_file_is_no_data_folder() {
        let file = std::env::current_exe().unwrap();
        assert!(!is_no_folder(file.parent().unwrap()));
        assert!(!is_no_folder(&file.with_extension("not-there")));
        let settings = Settings { data_dir: file.clone(), ..Settings::default() };
        let error = Hub::open(settings, &Progress::default()).err().unwrap().to_string();
        assert_eq!(error, format!("cannot open the data folder {}: it is not a folder", file.display()));
    }
}
