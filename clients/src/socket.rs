//! One WebSocket connection for everything: consumers, live subscriptions, publishing and sending.
//!
//! A task drives it, and connects again when it breaks. The handles only speak to that task, so a break is invisible
//! to them but for what it costs: messages whose leases ended meanwhile are [`Lost`], events that the hub does not
//! remember any more are a [`Gap`].

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::client::Client;
use crate::error::Error;
use crate::outgoing::Outgoing;
use crate::queue::whole_seconds;
use command::{Command, Commands};
use driver::Driver;
use state::State;
use transport::Dial;

mod buffer;
mod command;
mod consumer;
mod delivery;
mod driver;
mod frame;
mod live;
mod state;
mod transport;

#[cfg(test)]
mod tests;

pub use consumer::{Consume, Consumer, Lost};
pub use delivery::Delivery;
pub use frame::Stats;
pub use live::{Event, Gap, Live, Overflow, Since, Subscribe, Subscription, Update};

/// The hub reads no frame that is larger.
const FRAME_BYTES_MAX: usize = 2 << 20;

/// A connection to the hub that mends itself. Cheap to clone; it is closed when the last clone is gone, and everything
/// that was made from it.
#[derive(Clone, Debug)]
pub struct Socket {
    commands: Commands,
}

/// A socket about to be opened.
#[derive(Clone, Debug)]
#[must_use = "nothing is connected before `open`"]
pub struct Connect {
    dial: Dial,
}

impl Connect {
    /// How long the hub waits for the client after a break, renewing its leases, up to 300 s; 30 s if nothing is said.
    pub fn resume_window(mut self, window: Duration) -> Self {
        self.dial.resume_window = window;
        self
    }

    /// A token that says who is calling.
    pub fn auth(mut self, token: impl Into<String>) -> Self {
        self.dial.auth = Some(token.into());
        self
    }

    /// Connects. A hub that cannot be reached now is an error; later on it is waited for.
    pub async fn open(self) -> Result<Socket, Error> {
        let Self { mut dial } = self;
        let client = dial.client.clone();
        let (transport, connected) =
            dial.connect().await.map_err(|broken| client.closed(broken.code, &broken.reason))?;
        dial.session = Some((connected.session.clone(), connected.resume.clone()));
        let (sender, commands) = mpsc::unbounded_channel();
        let state = State::new(client.clone(), sender.downgrade());
        tokio::spawn(Driver::new(dial, state, commands).run(transport, connected));
        Ok(Socket { commands: Commands::new(sender, client) })
    }
}

impl Client {
    /// A WebSocket connection to the hub, for consumers and live subscriptions.
    pub fn socket(&self) -> Connect {
        let (client, resume_window) = (self.clone(), Duration::from_secs(30));
        Connect { dial: Dial { client, auth: None, resume_window, session: None } }
    }
}

impl Socket {
    /// Consumes a queue, by its name, URL or ARN: messages are pushed as they come.
    pub fn consume(&self, queue: &str) -> Consume {
        Consume::new(self.commands.clone(), queue)
    }

    /// Looks at what is published to a topic, by its name; `*` in it stands for any characters.
    pub fn subscribe(&self, topic: &str) -> Subscribe {
        Subscribe::new(self.commands.clone(), topic)
    }

    /// Publishes a message to a topic, by its name or ARN, and returns its id. If the connection breaks before the
    /// answer, it is said again, and published once. Only when the hub has forgotten the session is that an error.
    pub async fn publish(&self, topic: &str, message: impl Into<Outgoing>) -> Result<String, Error> {
        let Outgoing { body, attributes, group, deduplication, subject, delay: _ } = message.into();
        let request = json!({
            "type": "publish", "topic": topic, "message": body, "subject": subject,
            "attributes": attributes.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "groupId": group, "dedupId": deduplication,
        });
        self.put("publish", request).await
    }

    /// Sends a message to a queue, by its name, URL or ARN, and returns its id; see [`Socket::publish`].
    pub async fn send(&self, queue: &str, message: impl Into<Outgoing>) -> Result<String, Error> {
        let Outgoing { body, attributes, group, deduplication, delay, subject: _ } = message.into();
        let request = json!({
            "type": "send", "queue": queue, "body": body, "delay": delay.map(whole_seconds),
            "attributes": attributes.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "groupId": group, "dedupId": deduplication,
        });
        self.put("send", request).await
    }

    /// Closes the connection once everything that was asked is answered. What is still held is given back at once.
    pub async fn close(self) {
        let (reply, closed) = oneshot::channel();
        self.commands.say(Command::Close { reply });
        let _ = closed.await;
    }

    async fn put(&self, operation: &'static str, request: Value) -> Result<String, Error> {
        // Some bytes are left for the id.
        if request.to_string().len() + 32 > FRAME_BYTES_MAX {
            return Err(Error::Setting(format!("a message of more than {FRAME_BYTES_MAX} bytes")));
        }
        let mut request: Map<String, Value> = match request {
            Value::Object(request) => request,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Map::new()
            }
        };
        request.retain(|_, value| !value.is_null());
        self.commands.ask(|reply| Command::Put { operation, request, reply }).await
    }
}
