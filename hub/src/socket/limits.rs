//! What one client of the socket may take, named. `docs/websocket.md` lists the same.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Bytes of a message from a client, all its frames together.
pub(super) const FRAME_BYTES: usize = 2 << 20;
/// The same of the first message, from a client that has not said who it is.
pub(super) const FIRST_BYTES: usize = 16 << 10;
/// Consumers and live subscriptions of one session.
pub(super) const SUBS: usize = 100;
/// Characters of the name that a client chooses for one.
pub(super) const SUB_CHARACTERS: RangeInclusive<usize> = 1..=128;
/// Bytes of an id as it is written, quotes included.
pub(super) const ID_BYTES: usize = 258;
/// Messages from one client in a second.
pub(super) const FRAMES_PER_SECOND: u32 = 50_000;
/// Requests of a client that are being done; nothing more is read until some are.
pub(super) const REQUESTS: usize = 256;
/// Bytes for a client that does not take them; nothing more is read from it until it does.
pub(super) const UNSENT_BYTES: usize = 1 << 20;
/// For the first message, by which a client says who it is.
pub(super) const CONNECT: Duration = Duration::from_secs(15);
/// For clients to finish what they have when the hub stops.
pub(super) const DRAINING: Duration = Duration::from_secs(2);
/// Sessions, those among them that are waiting for their clients.
pub(super) const SESSIONS: usize = 100_000;
/// Requests of a session of which it is remembered that they were done.
pub(super) const REMEMBERED: usize = 100_000;
/// Bytes of their answers and ids.
pub(super) const REMEMBERED_BYTES: usize = 16 << 20;

/// Seconds that a session waits for its client.
pub(super) const RESUME_WINDOW: RangeInclusive<u32> = 0..=300;
/// The same where the client does not say.
pub(super) const RESUME_WINDOW_DEFAULT: u32 = 30;
/// Messages that a consumer can have unacknowledged.
pub(super) const CREDIT: RangeInclusive<u32> = 1..=1_000;
/// The same where the client does not say.
pub(super) const CREDIT_DEFAULT: u32 = 16;
/// Bytes of these.
pub(super) const UNACKNOWLEDGED_BYTES: RangeInclusive<u32> = 1..=1 << 28;
/// The same where the client does not say.
pub(super) const UNACKNOWLEDGED_BYTES_DEFAULT: u32 = 16 << 20;
/// Seconds of a lease.
pub(super) const LEASE: RangeInclusive<u32> = 1..=43_200;
/// Seconds of a lease that is renewed: what a hub that is killed leaves behind is visible again after this.
pub(super) const RENEWED_LEASE: u32 = 30;
/// Seconds between two reports of how a queue stands.
pub(super) const STATS: RangeInclusive<u32> = 1..=3_600;
/// Seconds that a consumer that is being ended has for what it holds.
pub(super) const DRAIN: RangeInclusive<u32> = 0..=43_200;

/// Messages that are taken at once.
pub(super) const TAKEN: usize = 100;
/// The same as long as nothing is known of their size.
pub(super) const TAKEN_FIRST: usize = 10;
/// Bytes that are taken at once, as far as earlier messages let guess.
pub(super) const TAKEN_BYTES: u64 = 256 << 10;
