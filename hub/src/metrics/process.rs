//! What the system says of the process, under the names that all programs use. What it does not say is left out.

use super::exposition::Page;
use super::table as of;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

static STARTED: OnceLock<SystemTime> = OnceLock::new();

/// When the process started: the time of the first call.
pub(crate) fn started() -> SystemTime {
    *STARTED.get_or_init(SystemTime::now)
}

pub(super) fn expose(page: &mut Page) {
    #[cfg(unix)]
    {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        page.one(&of::CPU, used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
    }
    if let Some(bytes) = resident_bytes("self") {
        page.one(&of::RESIDENT, bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // One of them is this look.
        page.one(&of::OPEN_FILES, open.count().saturating_sub(1));
    }
    #[cfg(unix)]
    if let Some(most) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        page.one(&of::MAX_FILES, most);
    }
    let since = started().duration_since(UNIX_EPOCH).unwrap_or_default();
    page.one(&of::STARTED, since.as_secs_f64());
}

/// The memory that a process has, by its number or as `self`.
pub(crate) fn resident_bytes(process: &str) -> Option<u64> {
    resident_bytes_of(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

/// Linux says it in kibibytes, in a line of its own.
fn resident_bytes_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_says_how_much_memory_a_process_has() {
        assert_eq!(resident_bytes_of("Name:\tfanq\nVmRSS:\t    2048 kB\nThreads: 3\n"), Some(2 << 20));
        assert_eq!(resident_bytes_of("Name:\tkthreadd\n"), None);
    }
}
