//! How many files the process may have open at once: each connection takes one, and each segment of the log.
//!
//! Many systems begin with 1,024, for the sake of programs that this is none of, and let a process raise that itself, up
//! to a second limit that it cannot raise.

use tracing::{debug, warn};

/// With fewer than these a hub works, but not for thousands of clients.
const ENOUGH: u64 = 16_384;

/// Of the files, what connections may take; the rest is for the log, in quarters.
const QUARTERS_OF_CONNECTIONS: u64 = 3;

/// More connections than any machine has, for where files have no limit.
const CONNECTIONS_MAX: usize = 1 << 20;

/// Lets the process open as many files as the system allows it to, and returns how many that is; none if there is no
/// limit, or none that is known.
#[cfg(unix)]
pub(super) fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            Ok(()) => debug!(from = current, to = maximum, "raised the limit of open files"),
            Err(error) => warn!(%error, ?current, "the limit of open files could not be raised"),
        }
    }
    getrlimit(Resource::Nofile).current
}

/// There is no such limit.
#[cfg(not(unix))]
pub(super) fn raise_limit() -> Option<u64> {
    None
}

/// How many connections so many files allow.
pub(super) fn connections(files: Option<u64>) -> usize {
    let allowed = files.map(|files| files.saturating_mul(QUARTERS_OF_CONNECTIONS).div_euclid(4));
    let allowed = allowed.and_then(|connections| usize::try_from(connections).ok());
    allowed.map_or(CONNECTIONS_MAX, |connections| connections.min(CONNECTIONS_MAX))
}

/// Says so where the limit is lower than a busy hub needs.
pub(super) fn warn_if_few(files: Option<u64>) {
    if let Some(files) = files.filter(|files| *files < ENOUGH) {
        warn!(
            "no more than {files} files can be open at once, which is enough for {} connections; to allow more, raise \
             the hard limit that the hub is started with (ulimit -Hn, LimitNOFILE= of systemd, --ulimit of a container)",
            connections(Some(files))
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_files_is_left_to_the_log() {
        for (files, expected) in [
            (Some(256), 192),
            (Some(20_000), 15_000),
            (Some(0), 0),
            (Some(u64::MAX), CONNECTIONS_MAX),
            (None, CONNECTIONS_MAX),
        ] {
            assert_eq!(connections(files), expected, "{files:?}");
        }
    }
}
