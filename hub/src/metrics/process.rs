//! What the system says of the process, under the names that all programs use. What it does not say is left out.

use super::exposition::Page;
use super::table as of;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn expose(started: SystemTime, page: &mut Page) {
    #[cfg(unix)]
    {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        page.one(&of::CPU, used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
    }
    if let Some(bytes) = resident_bytes() {
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
    let since = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    page.one(&of::STARTED, since.as_secs_f64());
}

/// Linux says it in kibibytes, in a line of its own.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
