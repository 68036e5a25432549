//! [`Histogram`]: how often something was up to so much. Any thread can add to it and any other read it; both cost a
//! few atomic operations, and no observation is ever lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds in microseconds, for what a disk or a request takes: a quarter of a millisecond to half a minute.
pub(crate) const SHORT: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000,
];

/// The same for what waits in a queue: a millisecond to a day.
pub(crate) const LONG: &[u64] = &[
    1_000,
    5_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    1_800_000_000,
    3_600_000_000,
    21_600_000_000,
    86_400_000_000,
];

/// Bounds for how many there are in a batch.
pub(crate) const COUNTS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// Bounds for the bytes of a batch: a quarter of a kibibyte to 4 MiB.
pub(crate) const BYTES: &[u64] = &[256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/// What the numbers in a histogram are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Shown as seconds.
    Microsecond,
    One,
}

/// How often something was up to so much.
#[derive(Debug)]
pub(crate) struct Histogram {
    unit: Unit,
    bounds: &'static [u64],
    /// One for each bound, and one for what is beyond them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Of times, with bounds in microseconds.
    pub(crate) fn of_seconds(bounds: &'static [u64]) -> Self {
        Self::new(Unit::Microsecond, bounds)
    }

    /// Of numbers.
    pub(crate) fn of_numbers(bounds: &'static [u64]) -> Self {
        Self::new(Unit::One, bounds)
    }

    fn new(unit: Unit, bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { unit, bounds, counts, sum: AtomicU64::new(0) }
    }

    /// It took this long.
    pub(crate) fn observe(&self, time: Duration) {
        self.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// It was so many.
    pub(crate) fn add(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What has been observed so far.
    pub(crate) fn read(&self) -> Reading {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Reading { unit: self.unit, bounds: self.bounds, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

/// What a histogram has seen at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    unit: Unit,
    bounds: &'static [u64],
    counts: Vec<u64>,
    sum: u64,
}

impl Reading {
    /// How many there were up to each bound and above the one before; the last has no bound.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (Option<f64>, u64)> {
        let bounds = self.bounds.iter().map(|bound| Some(self.shown(*bound))).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }

    /// All values together.
    pub(super) fn sum(&self) -> f64 {
        self.shown(self.sum)
    }

    /// How many values there are.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn shown(&self, value: u64) -> f64 {
        match self.unit {
            Unit::Microsecond => value as f64 / 1e6,
            Unit::One => value as f64,
        }
    }
}
