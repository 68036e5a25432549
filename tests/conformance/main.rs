//! The hub as its clients see it: through the official Rust SDKs, and as bytes on a socket.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod bench;
mod clients;
mod exposure;
mod files;
mod hostile;
mod life;
mod metrics;
mod orders;
mod polls;
mod query;
mod queues;
mod quotas;
mod refusals;
mod terraform;
mod topics;
mod worlds;
