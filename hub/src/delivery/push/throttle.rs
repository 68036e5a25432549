//! [`Throttle`]: so many deliveries in a second and no more, as a delivery policy asks for. In real time.

use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// What was delivered in the second that runs.
#[derive(Debug)]
pub(super) struct Throttle {
    begun: Instant,
    taken: u32,
}

impl Throttle {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: now, taken: 0 }
    }

    /// How many more there can be in this second, or when the next one begins.
    pub(super) fn room(&mut self, per_second: Option<u64>, now: Instant) -> Result<u32, Instant> {
        let Some(maximum) = per_second else {
            return Ok(u32::MAX);
        };
        if now >= self.begun + SECOND {
            *self = Self::new(now);
        }
        let maximum = u32::try_from(maximum).unwrap_or(u32::MAX);
        match maximum.saturating_sub(self.taken) {
            0 => Err(self.begun + SECOND),
            room => Ok(room),
        }
    }

    pub(super) fn take(&mut self, count: u32) {
        self.taken = self.taken.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_in_a_second() {
        let now = Instant::now();
        let mut throttle = Throttle::new(now);
        assert_eq!(throttle.room(Some(3), now), Ok(3));
        throttle.take(2);
        assert_eq!(throttle.room(Some(3), now + SECOND / 2), Ok(1));
        throttle.take(1);
        assert_eq!(throttle.room(Some(3), now + SECOND / 2), Err(now + SECOND));
        assert_eq!(throttle.room(Some(3), now + SECOND), Ok(3));
    }

    #[test]
    fn without_a_limit_there_is_always_room() {
        let now = Instant::now();
        let mut throttle = Throttle::new(now);
        throttle.take(1_000);
        assert_eq!(throttle.room(None, now), Ok(u32::MAX));
        assert_eq!(throttle.room(Some(1), now), Err(now + SECOND));
    }
}
