//! What is measured: a server that listens already, or one that is started for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder::TemporaryFolder;
use super::options::Subject;
use super::process::Process;
use super::request::Requests;
use crate::authority::{Authority, Host};
use crate::base_url::{default_port, local_authority};
use crate::cli::Error;

/// A server that answers.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) requests: Requests,
    process: Option<Process>,
}

impl Running {
    pub(super) async fn start(subject: &Subject) -> Result<Self, Error> {
        let (folder, durability) = match subject {
            Subject::Endpoint(endpoint) => return Self::find(endpoint).await,
            Subject::Hub { durability, folder } => (folder, Some(durability.as_str())),
            Subject::Floor { folder } => (folder, None),
        };
        let folder = temporary_folder(folder.as_deref())?;
        if durability.is_some_and(|durability| durability != "none") && folder.is_in_memory() {
            tracing::warn!(
                "{} is in memory, where a sync costs nothing; --folder names a place on a disk",
                folder.path().display()
            );
        }
        let process = Process::start(folder, durability).await?;
        let requests = Requests::new(&local_authority(process.address));
        Ok(Self { address: process.address, requests, process: Some(process) })
    }

    async fn find(endpoint: &Authority) -> Result<Self, Error> {
        let unknown = |what: String| Error::Failed(format!("{endpoint} cannot be found: {what}"));
        let host = match &endpoint.host {
            Host::V4(address) => address.to_string(),
            Host::V6(address) => address.to_string(),
            Host::Name(name) => name.clone(),
        };
        let port = endpoint.port.unwrap_or(default_port("http"));
        let found =
            tokio::net::lookup_host((host, port)).await.map_err(|error| unknown(error.to_string()))?;
        let found = found.collect::<Vec<_>>();
        let best = found.iter().find(|address| address.is_ipv4()).or(found.first());
        let address = *best.ok_or_else(|| unknown("it has no address".to_owned()))?;
        Ok(Self { address, requests: Requests::new(endpoint), process: None })
    }

    /// Whether it goes on after the measurement, so that nothing may be left behind in it.
    pub(super) fn goes_on(&self) -> bool {
        self.process.is_none()
    }

    /// The processor time that the server has used; none if it is not ours.
    pub(super) fn cpu(&self) -> Option<Duration> {
        self.process.as_ref()?.cpu()
    }

    /// The memory that the server has; none if it is not ours.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        self.process.as_ref()?.resident_bytes()
    }
}

/// Without a place that was named, the working directory, where `fanq serve` would keep its log.
fn temporary_folder(parent: Option<&Path>) -> Result<TemporaryFolder, Error> {
    let parent = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    TemporaryFolder::new_in(&parent)
        .map_err(|error| Error::Failed(format!("{}: no folder can be made there: {error}", parent.display())))
}
