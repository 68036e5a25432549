//! Time as the log sees it.

use crate::encoded;
use std::time::Duration;

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `duration` later; stays at the end of time rather than overflow.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The moment `duration` earlier; stays at the beginning of time rather than overflow.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero if it was not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn milliseconds(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

impl crate::codec::Codec for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(input: &mut crate::codec::Reader<'_>) -> Result<Self, crate::codec::DecodeError> {
        u64::decode(input).map(Self)
    }
}

encoded! {
    /// How far log time was turned by hand, kept in the log so that a restart goes on with it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Clock {
        /// Whether time stands still.
        pub frozen: bool,
        /// How far log time is ahead of where it would be.
        pub ahead: Duration,
        /// How far log time is behind where it would be, because it was frozen.
        pub behind: Duration,
    }
}
