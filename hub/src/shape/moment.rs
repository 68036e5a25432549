//! Moments as requests name them.

use queue_core::Timestamp;
use std::time::{Duration, UNIX_EPOCH};

/// A moment in the form of ISO 8601 that AWS writes, or with an offset, or without either: then it is in UTC.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (local, offset) = match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) {
        Some((local, offset)) if offset.starts_with(['+', '-']) => (local, Some(offset)),
        Some(_) | None => (text, None),
    };
    let moment = humantime::parse_rfc3339_weak(local).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let moment = match offset {
        None => moment,
        Some(offset) => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
            let ahead = Duration::from_secs(hours * 3_600 + minutes * 60);
            if offset.starts_with('+') { moment.checked_sub(ahead)? } else { moment.checked_add(ahead)? }
        }
    };
    u64::try_from(moment.as_millis()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_may_be_written_in_several_ways() {
        let moment = Some(Timestamp(1_767_323_045_678));
        for text in [
            "2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.678",
            "2026-01-02 03:04:05.678",
            "2026-01-02T03:04:05.678+00:00",
            "2026-01-02T05:34:05.678+02:30",
            "2026-01-01T19:04:05.678-08:00",
        ] {
            assert_eq!(parse(text), moment, "{text}");
        }
        for text in
            ["", "now", "2026-01-02", "2026-13-02T03:04:05Z", "1767323045", "1950-01-01T00:00:00Z", "+00:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
