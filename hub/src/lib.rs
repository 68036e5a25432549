//! The hub: everything of fanq that does input or output.
//!
//! A request comes in through `server`, is read by `wire`, becomes an operation (`sqs`, `sns`, `sts`), which
//! proposes a command to the `engine`; the engine writes it to a log (`storage`), applies it to the machine of
//! `queue-core` and answers. `cli` holds the subcommands, `config` the settings, `exposure` who may call, `resources` what there is beside AWS's
//! protocols, `work` what the hub does by itself.

mod auth;
mod authority;
mod base_url;
mod catalogue;
pub mod cli;
mod config;
mod content;
mod delivery;
mod door;
mod engine;
mod exposure;
mod hub;
mod live;
mod memory;
mod metrics;
mod operation;
mod resources;
mod secrets;
mod server;
mod shape;
mod sns;
mod socket;
mod sqs;
mod storage;
mod sts;
mod telemetry;
mod wire;
mod work;
