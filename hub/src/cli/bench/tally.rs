//! What was counted while something was measured.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies are kept in microseconds to three digits; what is longer counts as this.
const LATENCY_US_MAX: u64 = 60_000_000;
const DIGITS: u8 = 3;

#[derive(Clone, Debug)]
pub(super) struct Tally {
    latency_us: Histogram<u64>,
    pub(super) requests: u64,
    pub(super) messages: u64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    /// A connection was given up, so there was less load than was asked for.
    pub(super) is_given_up: bool,
}

impl Tally {
    pub(super) fn new() -> Result<Self, String> {
        let latency_us =
            Histogram::new_with_bounds(1, LATENCY_US_MAX, DIGITS).map_err(|error| error.to_string())?;
        Ok(Self { latency_us, requests: 0, messages: 0, errors: 0, first_error: None, is_given_up: false })
    }

    pub(super) fn took(&mut self, latency: Duration) {
        self.latency_us.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn fail(&mut self, count: u64, text: impl FnOnce() -> String) {
        self.errors += count;
        self.first_error.get_or_insert_with(text);
    }

    pub(super) fn add(&mut self, other: Self) {
        // They have the same bounds, so none of the other's values is beyond ours.
        let _ = self.latency_us.add(&other.latency_us);
        self.requests += other.requests;
        self.messages += other.messages;
        self.add_errors(other);
    }

    /// Only what went wrong: of work that is needed but not measured.
    pub(super) fn add_errors(&mut self, other: Self) {
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        self.is_given_up |= other.is_given_up;
    }

    /// The time in milliseconds that this part of the requests did not exceed.
    pub(super) fn quantile_ms(&self, part: f64) -> f64 {
        milliseconds(self.latency_us.value_at_quantile(part))
    }

    pub(super) fn max_ms(&self) -> f64 {
        milliseconds(self.latency_us.max())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a minute has few microseconds")]
fn milliseconds(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_that_was_counted() {
        let (mut one, mut other) = (Tally::new().unwrap(), Tally::new().unwrap());
        (1..=500).for_each(|ms| one.took(Duration::from_millis(ms)));
        (501..=1_000).for_each(|ms| other.took(Duration::from_millis(ms)));
        one.add(other);
        for (part, expected) in [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0)] {
            let found = one.quantile_ms(part);
            assert!((found / expected - 1.0).abs() < 0.002, "{part}: {found}");
        }
        one.took(Duration::from_secs(3_600));
        assert!((one.max_ms() / 60_000.0 - 1.0).abs() < 0.002);
    }

    #[test]
    fn the_first_error_stays() {
        let (mut one, mut other) = (Tally::new().unwrap(), Tally::new().unwrap());
        one.fail(2, || "first".to_owned());
        one.fail(1, || "second".to_owned());
        other.fail(1, || "third".to_owned());
        one.add(other);
        assert_eq!((one.errors, one.first_error.as_deref()), (4, Some("first")));
    }
}
