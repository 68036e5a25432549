//! The server that is measured, as a process of its own: a hub or the floor, started and ended in the same way.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::floor;
use super::folder::TemporaryFolder;
use crate::cli::{Error, serve};
use crate::metrics::process;

/// A server that is not ready after this time never will be.
const START: Duration = Duration::from_secs(30);

/// A running server. It ends with this value, and then its folder goes away.
pub(super) struct Process {
    child: Child,
    _folder: TemporaryFolder,
    pub(super) address: SocketAddr,
}

impl Process {
    /// Starts a hub with this durability, or the floor without one, in a folder of its own.
    pub(super) async fn start(folder: TemporaryFolder, durability: Option<&str>) -> Result<Self, Error> {
        let failed = |what: String| Error::Failed(format!("the server to be measured did not start: {what}"));
        let mut command = Command::new(std::env::current_exe().map_err(|error| failed(error.to_string()))?);
        match durability {
            Some(durability) => command
                .args([serve::NAME, "--host", "127.0.0.1", "--durability", durability])
                // As many subscriptions as can be asked for may have filters, and receivers need not agree first.
                .args(["--filters-per-topic", "1000", "--auto-confirm"])
                .arg("--data-dir")
                .arg(folder.path().join("data")),
            None => command.arg(floor::NAME),
        };
        command.args(["--port", "0", "--log", "warn"]);
        // Neither a file with settings nor variables shall make one hub another.
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if ["FANQ_", "OTEL_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let output = child.stdout.take();
        // From here on the child ends if this function does.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self { child, _folder: folder, address: nowhere };
        let output = output.ok_or_else(|| failed("it has no standard output".to_owned()))?;
        let ready = tokio::task::spawn_blocking(move || read_address(output));
        process.address = match tokio::time::timeout(START, ready).await {
            Ok(Ok(address)) => address.map_err(failed)?,
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed(format!("it was not ready within {} s", START.as_secs()))),
        };
        Ok(process)
    }

    /// The processor time of all its threads so far; none where the system does not say.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        cpu_of(&stat, ticks_per_second()?)
    }

    /// The memory that it has; none where the system does not say.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        process::resident_bytes(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // All that it keeps is thrown away, so there is nothing that a clean stop would be good for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what the server prints until it is ready, and finds its address in it.
fn read_address(output: ChildStdout) -> Result<SocketAddr, String> {
    let mut address = None;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(text) = line.strip_prefix(serve::ENDPOINT) {
            address = Some(text.parse().map_err(|error| format!("{text} is no address: {error}"))?);
        }
        if line == serve::READY {
            return address.ok_or_else(|| "it did not say where it listens".to_owned());
        }
    }
    Err("it ended before it was ready".to_owned())
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> Option<u64> {
    Some(rustix::param::clock_ticks_per_second())
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> Option<u64> {
    None
}

/// The time in user and kernel mode, from `/proc/PID/stat`: fields 14 and 15. The second, the name of the program, may
/// hold spaces and ends with the last parenthesis.
fn cpu_of(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    const FIELDS_BETWEEN: usize = 11;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(FIELDS_BETWEEN).map(str::parse::<u64>);
    let (user, kernel) = (fields.next()?.ok()?, fields.next()?.ok()?);
    let ms = user.checked_add(kernel)?.checked_mul(1_000)?.checked_div(ticks_per_second)?;
    Some(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_what_a_process_has_used() {
        let stat = "812 (fa nq) x) S 1 812 812 0 -1 4194560 900 0 3 0 150 27 9 9 20 0 5 0 100 7 8";
        assert_eq!(cpu_of(stat, 100), Some(Duration::from_millis(1_770)));
        assert_eq!(cpu_of("812 (fanq) S 1", 100), None);
    }
}
