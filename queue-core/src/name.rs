//! Names of resources, as users give them, and their identities, as the machine counts them.

use crate::codec::{Codec, DecodeError, Reader};
use crate::encoded;
use std::sync::Arc;

encoded! {
    /// The full name of a queue or topic: unique among its kind at any one time.
    ///
    /// Ordered by account, then region, then name, so that the resources of one account and region are neighbours.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Name {
        /// The owning account, twelve digits.
        pub account: Arc<str>,
        /// The region.
        pub region: Arc<str>,
        /// The name within account and region.
        pub name: Arc<str>,
    }
}

impl Name {
    /// A name from its three parts.
    #[must_use]
    pub fn new(account: &str, region: &str, name: &str) -> Self {
        Self { account: account.into(), region: region.into(), name: name.into() }
    }
}

macro_rules! identities {
    ($($(#[$meta:meta])* $name:ident),*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                u64::decode(input).map(Self)
            }
        }
    )*};
}

identities!(
    /// One queue from its creation to its deletion; never used again.
    QueueId,
    /// One topic from its creation to its deletion; never used again.
    TopicId,
    /// One subscription; never used again.
    SubscriptionId,
    /// One record from its creation to its removal; never used again.
    RecordId
);
