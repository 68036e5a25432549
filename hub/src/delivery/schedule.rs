//! When a delivery over HTTP is tried again: the retries of a delivery policy, laid out in time.
//!
//! Its phases follow each other: retries at once, retries after the shortest delay, retries whose delays grow, and
//! retries after the longest delay. AWS names the functions by which delays grow and does not publish them; those here
//! begin with the shortest delay and end with the longest, but for the exponential one, which doubles until then.

use std::iter::repeat_n;
use std::time::Duration;

use crate::shape::delivery_policy::{Backoff, Retry};

/// The delays before the retries of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule(Box<[Duration]>);

impl Schedule {
    /// The retries of a policy.
    pub(crate) fn of(retry: &Retry) -> Self {
        let [shortest, longest, retries, at_longest, at_once, at_shortest] = retry.numbers;
        let growing = retries.saturating_sub(at_longest + at_once + at_shortest);
        let [least, most] = [shortest, longest].map(Duration::from_secs);
        let delays = repeat_n(Duration::ZERO, count(at_once))
            .chain(repeat_n(least, count(at_shortest)))
            .chain((0..growing).map(|place| delay(retry.backoff, least, most, place, growing)))
            .chain(repeat_n(most, count(at_longest)));
        Self(delays.collect())
    }

    /// All delays together.
    pub(crate) fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// How long to wait after so many attempts have failed; none if no more is made.
    pub(crate) fn delay_after(&self, attempts: usize) -> Option<Duration> {
        self.0.get(attempts.checked_sub(1)?).copied()
    }
}

fn count(retries: u64) -> usize {
    usize::try_from(retries).unwrap_or(usize::MAX)
}

/// The delay at a place, from 0, of so many that grow.
#[expect(clippy::cast_precision_loss, reason = "there are at most 100 retries")]
fn delay(backoff: Backoff, least: Duration, most: Duration, place: u64, places: u64) -> Duration {
    if places == 1 {
        return least;
    }
    let (place, places) = (place as f64, places as f64);
    let way = place / (places - 1.0);
    let (shortest, longest) = (least.as_secs_f64(), most.as_secs_f64());
    let seconds = match backoff {
        Backoff::Linear => shortest + (longest - shortest) * way,
        Backoff::Arithmetic => {
            shortest + (longest - shortest) * place * (place + 1.0) / (places * (places - 1.0))
        }
        Backoff::Geometric => shortest * (longest / shortest).powf(way),
        Backoff::Exponential => (shortest * place.exp2()).min(longest),
    };
    // A clock of the hub counts milliseconds.
    Duration::from_secs_f64((seconds * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::delivery_policy::{Effective, SubscriptionPolicy, TopicPolicy};

    fn schedule(retry: &str) -> Schedule {
        let policy = SubscriptionPolicy::parse(&format!(r#"{{"healthyRetryPolicy":{{{retry}}}}}"#)).unwrap();
        Schedule::of(&Effective::of(&TopicPolicy::default(), &policy).retry)
    }

    /// The delays in milliseconds.
    fn check(retry: &str, expected: &[u64]) {
        let schedule = schedule(retry);
        let delays = (1..).map_while(|attempts| schedule.delay_after(attempts));
        let delays = delays.map(|delay| u64::try_from(delay.as_millis()).unwrap()).collect::<Vec<_>>();
        assert_eq!(delays, expected, "{retry}");
    }

    #[test]
    fn without_a_policy_there_are_three_retries_20_seconds_apart() {
        check("", &[20_000, 20_000, 20_000]);
        check(r#""numRetries":0"#, &[]);
        assert_eq!(schedule("").delay_after(0), None);
    }

    #[test]
    fn phases_follow_each_other() {
        check(
            r#""minDelayTarget":1,"maxDelayTarget":9,"numRetries":9,"numNoDelayRetries":2,
               "numMinDelayRetries":1,"numMaxDelayRetries":3"#,
            &[0, 0, 1_000, 1_000, 5_000, 9_000, 9_000, 9_000, 9_000],
        );
        check(
            r#""minDelayTarget":1,"maxDelayTarget":9,"numRetries":2,"numMaxDelayRetries":2"#,
            &[9_000, 9_000],
        );
    }

    #[test]
    fn delays_grow_by_one_of_four_functions() {
        for (function, expected) in [
            ("linear", [1_000, 5_000, 9_000, 13_000, 17_000]),
            ("arithmetic", [1_000, 2_600, 5_800, 10_600, 17_000]),
            ("geometric", [1_000, 2_031, 4_123, 8_372, 17_000]),
            ("exponential", [1_000, 2_000, 4_000, 8_000, 16_000]),
        ] {
            let policy = r#""minDelayTarget":1,"maxDelayTarget":17,"numRetries":5"#;
            check(&format!(r#"{policy},"backoffFunction":"{function}""#), &expected);
        }
        check(
            r#""minDelayTarget":5,"maxDelayTarget":12,"numRetries":4,"backoffFunction":"exponential""#,
            &[5_000, 10_000, 12_000, 12_000],
        );
    }

    #[test]
    fn a_single_delay_that_could_grow_is_the_shortest() {
        for function in ["linear", "arithmetic", "geometric", "exponential"] {
            let policy = r#""minDelayTarget":2,"maxDelayTarget":60,"numRetries":1"#;
            check(&format!(r#"{policy},"backoffFunction":"{function}""#), &[2_000]);
        }
    }

    #[test]
    fn delays_add_up() {
        assert_eq!(schedule("").total(), Duration::from_mins(1));
        let hour = r#""minDelayTarget":36,"maxDelayTarget":36,"numRetries":100"#;
        check(hour, &[36_000; 100]);
        assert_eq!(schedule(hour).total(), Duration::from_hours(1));
    }
}
