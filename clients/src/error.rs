//! What can go wrong.

use std::fmt;
use std::time::Duration;

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client was told something that cannot be used, such as an endpoint without a host.
    #[error("{0}")]
    Setting(String),
    /// The hub has read the request and refused it: nothing was done.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The connection could not be made or broke. If it broke, the request may have been carried out.
    #[error("{operation}: {} does not answer: {}", .endpoint, causes(.source.as_ref()))]
    Transport {
        /// The operation that was called.
        operation: &'static str,
        /// Who was called.
        endpoint: String,
        /// What the network said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer came in time. The request may have been carried out.
    #[error("{operation}: {endpoint} does not answer within {} s", .patience.as_secs())]
    Timeout {
        /// The operation that was called.
        operation: &'static str,
        /// Who was called.
        endpoint: String,
        /// How long the client has waited.
        patience: Duration,
    },
    /// Something answered that is not a hub, or a hub of another version. The request may have been carried out.
    #[error("{operation}: the answer of {endpoint} (status {status}) cannot be read: {reason}")]
    Answer {
        /// The operation that was called.
        operation: &'static str,
        /// Who was called.
        endpoint: String,
        /// The HTTP status of the answer.
        status: u16,
        /// What is wrong with it.
        reason: String,
    },
    /// The body of a message is not what it was read as.
    #[error("the body of message {message_id} cannot be read: {source}")]
    Body {
        /// Which message.
        message_id: String,
        /// Where the body differs.
        source: serde_json::Error,
    },
    /// A message is not the caller's any more, so it was not settled: somebody else gets it, or nobody does.
    #[cfg(feature = "websocket")]
    #[error("the message was lost: {0}")]
    Lost(crate::Lost),
    /// The socket has ended for good, and this is why. Whether what was asked last was done is not known.
    #[cfg(feature = "websocket")]
    #[error("the socket to {endpoint} is closed: {reason}")]
    Closed {
        /// Whose socket.
        endpoint: String,
        /// The code of `fanq.v1.json` with which the hub has closed it.
        code: Option<u16>,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The code of the error as AWS names it, if the hub has refused the request.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Fault(fault) => Some(&fault.code),
            Self::Setting(_)
            | Self::Transport { .. }
            | Self::Timeout { .. }
            | Self::Answer { .. }
            | Self::Body { .. } => None,
            #[cfg(feature = "websocket")]
            Self::Lost(_) | Self::Closed { .. } => None,
        }
    }

    /// Whether the same call may succeed a little later, as far as the error can tell: the hub could not be reached,
    /// or has failed.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Timeout { .. } => true,
            Self::Fault(fault) => fault.status >= 500,
            Self::Answer { status, .. } => *status >= 500,
            Self::Setting(_) | Self::Body { .. } => false,
            #[cfg(feature = "websocket")]
            Self::Lost(_) | Self::Closed { .. } => false,
        }
    }
}

/// An error as AWS says it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The operation that was called.
    pub operation: &'static str,
    /// The name of the error, such as `QueueDoesNotExist`.
    pub code: String,
    /// What is wrong, for a human.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// The number that the hub gave the request, to be found in its log.
    pub request_id: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {} ({})", self.operation, self.code, self.status)?;
        if !self.message.is_empty() {
            write!(out, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// An error with what caused it; the first alone says little more than that there was one.
fn causes(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
