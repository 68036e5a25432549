//! `fanq serve`: runs the hub until it is told to stop.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Command};
use tracing::{info, warn};

use super::{Error, config_flag, load_settings, open_files, print_line, runtime, stop};
use crate::base_url::local_authority;
use crate::config::{self, Settings};
use crate::delivery::mail::Relay;
use crate::door::Door;
use crate::server::{self, Limits};
use crate::telemetry::Traces;
use crate::work::Work;

mod opening;

pub(super) const NAME: &str = "serve";

/// What stands before the address where it listens, in what is announced.
pub(super) const ENDPOINT: &str = "export AWS_ENDPOINT_URL=http://";

/// The last line that is announced.
pub(super) const READY: &str = "Ready.";

/// A stop takes no longer, whatever happens; the server's own limit for requests is within it.
const STOP: Duration = Duration::from_secs(8);

/// Signals that come this soon after the first are the same request to stop: shells, npm and timeout(1) signal a process
/// and then its group.
const ONE_REQUEST: Duration = Duration::from_millis(500);

pub(super) fn command() -> Command {
    Command::new(NAME).about("Run the hub").arg(config_flag()).args(config::flags())
}

pub(super) fn run(matches: &ArgMatches, traces: Option<Traces>) -> Result<(), Error> {
    let settings = load_settings(matches, Some(matches))?;
    let files = open_files::raise_limit();
    open_files::warn_if_few(files);
    let runtime = runtime()?;
    let result = runtime.block_on(serve(settings, files));
    if let Some(traces) = traces {
        traces.end();
    }
    // Whatever still runs now was given its time.
    runtime.shutdown_background();
    result
}

async fn serve(settings: Settings, files: Option<u64>) -> Result<(), Error> {
    // Before anything is announced, so that no signal finds nobody waiting for it.
    let mut signals =
        Signals::listen().map_err(|error| Error::Failed(format!("cannot wait for signals: {error}")))?;
    // Better no hub than one that is found to pass on no mails when the first is missing.
    Relay::of(&settings).map_err(|error| Error::Setting(error.to_string()))?;
    let listener = server::listen(&settings).await?;
    let region = settings.region.clone();
    let door = Door::closed(settings);
    // From here on requests are answered, if only by saying that it is too early.
    let limits = Limits { connections: open_files::connections(files), ..Limits::default() };
    let mut running = server::start(Arc::clone(&door), listener, limits)
        .map_err(|error| Error::Failed(format!("cannot start the server: {error}")))?;
    warn_of_exposure(running.address.ip());
    let hub = tokio::select! {
        opened = opening::open(&door) => opened?,
        () = signals.next() => {
            info!("stopped before the log was read, which changes nothing in it");
            return Ok(());
        }
        error = running.failed() => return Err(error.into()),
    };
    let work = Work::start(&hub);
    announce(running.address, region.as_str());

    tokio::select! {
        () = signals.next() => {}
        error = running.failed() => return Err(error.into()),
        () = hub.engine.ended() => {
            return Err(Error::Failed("the engine has ended; the log above says why".to_owned()));
        }
    }
    let first = Instant::now();
    info!("stopping; a second signal stops at once");
    tokio::spawn(async move {
        signals.another(first).await;
        std::process::exit(1);
    });
    if stop(hub, work, running, STOP).await.is_err() {
        warn!("the hub did not end in time");
    }
    Ok(())
}

/// The two lines to paste, after which any SDK and command-line tool of AWS talks to this hub. The access key is
/// the account; botocore reads the second name of the region, other SDKs the first.
pub(super) fn announce(address: SocketAddr, region: &str) {
    print_line(&format!("{ENDPOINT}{}", local_authority(address)));
    print_line(&format!(
        "export AWS_ACCESS_KEY_ID=000000000000 AWS_SECRET_ACCESS_KEY=fanq AWS_REGION={region} \
         AWS_DEFAULT_REGION={region}"
    ));
    print_line(READY);
}

fn warn_of_exposure(address: IpAddr) {
    if !address.to_canonical().is_loopback() {
        warn!(
            "listening on {address} without authentication: whoever reaches this address can do everything"
        );
    }
}

/// The signals that ask the program to stop.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits for a signal that is not of one request with the first.
    async fn another(&mut self, first: Instant) {
        self.next().await;
        while first.elapsed() < ONE_REQUEST {
            self.next().await;
        }
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
