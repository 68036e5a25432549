//! The Rust client of a fanq hub.
//!
//! It speaks the wire protocols of Amazon SQS (AWS JSON 1.0) and SNS (Query), and only as much of them as a program
//! needs that publishes and consumes. Whatever else AWS's own SDKs can do, they can do with a hub as well.
//!
//! ```no_run
#![doc = include_str!("../doc/queues.rs")]
//! ```
//!
//! Nothing is tried twice: whether a message may be published again after a connection broke is for the caller to
//! decide, and [`Error`] tells the cases apart. The exception is [`Incoming`], which only receives.
//!
//! With the feature `websocket` there is one connection for everything, which mends itself: the hub pushes the messages
//! of queues, and shows what is published to topics while it happens.
//!
#![cfg_attr(feature = "websocket", doc = "```no_run")]
#![cfg_attr(feature = "websocket", doc = include_str!("../doc/consumer.rs"))]
#![cfg_attr(feature = "websocket", doc = "```")]
#![forbid(unsafe_code)]

mod backoff;
mod batch;
mod client;
mod connection;
mod error;
mod incoming;
mod message;
mod outgoing;
mod query;
mod queue;
#[cfg(feature = "websocket")]
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod topic;
#[cfg(feature = "websocket")]
mod worker;

pub use client::{Builder, Client};
pub use error::{Error, Fault};
pub use incoming::Incoming;
pub use message::{AttributeValue, Message, MessageAttribute};
pub use outgoing::{Outgoing, Sent};
pub use queue::{Queue, Receive};
#[cfg(feature = "websocket")]
pub use socket::{
    Connect, Consume, Consumer, Delivery, Event, Gap, Live, Lost, Overflow, Since, Socket, Stats, Subscribe,
    Subscription, Update,
};
pub use topic::Topic;
#[cfg(feature = "websocket")]
pub use worker::{Ended, FileStore, MemoryStore, Store, Worker};

#[cfg(test)]
mod tests;
