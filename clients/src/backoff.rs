//! How long to wait before something that has failed is tried again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Twice as long after each failure in a row, up to a limit, and between half of that and all of it: clients that fail
/// together do not come back together.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// It has failed again: the time to wait.
    pub(crate) fn failed(&mut self) -> Duration {
        let wait = self.after(self.failures);
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// It has worked.
    pub(crate) fn worked(&mut self) {
        self.failures = 0;
    }

    /// The time to wait after so many failures before this one.
    pub(crate) fn after(&self, failures: u32) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures));
        let longest = doubled.min(self.longest);
        let part = u32::try_from(RandomState::new().hash_one(failures) % 1000).unwrap_or_default();
        longest / 2 + longest / 2000 * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_its_limit_and_begins_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for most in [100, 200, 400, 800, 1000, 1000] {
            let wait = backoff.failed();
            let most = Duration::from_millis(most);
            assert!(wait >= most / 2 && wait <= most, "{wait:?} of {most:?}");
        }
        backoff.worked();
        assert!(backoff.failed() <= Duration::from_millis(100));
        assert!(backoff.after(u32::MAX) <= Duration::from_secs(1));
    }
}
