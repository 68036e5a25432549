//! The Rust client of a fanq hub.
//!
//! It speaks the wire protocols of Amazon SQS (AWS JSON 1.0) and SNS (Query), and only as much of them as a program
//! needs that publishes and consumes. Whatever else AWS's own SDKs can do, they can do with a hub as well.
//!
//! ```no_run
//! use std::time::Duration;
//! use fanq_client::{Client, MessageAttribute, Receive};
//!
//! # async fn example() -> Result<(), fanq_client::Error> {
//! let client = Client::new("http://127.0.0.1:4566")?;
//! let queue = client.create_queue("inventory", &[("VisibilityTimeout", "30")]).await?;
//! let topic = client.create_topic("orders").await?;
//! topic.subscribe(&queue.arn().await?, &[("FilterPolicy", r#"{"kind":["physical"]}"#)]).await?;
//! topic.publish("one teapot", &[("kind", MessageAttribute::string("physical"))]).await?;
//!
//! let wait = Duration::from_secs(20);
//! for message in queue.receive(Receive { wait, ..Receive::default() }).await? {
//!     println!("{}", message.body);
//!     queue.delete(&message.receipt_handle).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is tried twice: whether a message may be published again after a connection broke is for the caller to
//! decide, and [`Error`] tells the cases apart.

#![forbid(unsafe_code)]

mod client;
mod connection;
mod error;
mod message;
mod query;
mod queue;
mod topic;

pub use client::{Builder, Client};
pub use error::{Error, Fault};
pub use message::{AttributeValue, Message, MessageAttribute};
pub use queue::{Queue, Receive};
pub use topic::Topic;

#[cfg(test)]
mod tests;
