//! The hub as its clients see it: through the official Rust SDKs, and as bytes on a socket.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod bench;
mod client_examples;
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
mod socket_client;
mod socket_restart;
mod socket_silence;
mod socket_tls;
mod socket_worker;
mod terraform;
mod topics;
mod worlds;
