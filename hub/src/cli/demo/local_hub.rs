//! A hub inside this process, which shares nothing with other hubs: not its port, settings or files.

use std::sync::Arc;
use std::time::Duration;

use crate::base_url::local_authority;
use crate::cli::{Error, stop};
use crate::config::Settings;
use crate::door::Door;
use crate::hub::Hub;
use crate::server::{self, Limits, Running};
use crate::work::Work;

/// For requests under way when the hub stops, in seconds.
const STOP_REQUESTS_SECONDS: u64 = 2;

/// For the whole stop.
const STOP: Duration = Duration::from_secs(4);

pub(super) struct LocalHub {
    hub: Arc<Hub>,
    work: Work,
    running: Running,
}

impl LocalHub {
    /// Starts a hub on a free port of loopback. Neither a file nor the environment is asked for settings.
    pub(super) async fn start() -> Result<Self, Error> {
        let settings = Settings { port: 0, in_memory: true, ..Settings::default() };
        let limits = Limits { stop_seconds: STOP_REQUESTS_SECONDS, ..Limits::default() };
        let failed = |error| Error::Failed(format!("cannot start the hub: {error}"));
        let listener = server::listen(&settings).await?;
        let hub = Hub::in_memory(settings.clone()).map_err(failed)?;
        let door = Door::closed(settings);
        door.open(Arc::clone(&hub));
        let running = server::start(door, listener, limits).map_err(failed)?;
        let work = Work::start(&hub);
        Ok(Self { hub, work, running })
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", local_authority(self.running.address))
    }

    /// Stops the hub as a signal stops `fanq serve`.
    pub(super) async fn stop(self) -> Result<(), Error> {
        let Self { hub, work, running } = self;
        stop(hub, work, running, STOP)
            .await
            .map_err(|_| Error::Failed("the hub did not stop in time".to_owned()))
    }
}
