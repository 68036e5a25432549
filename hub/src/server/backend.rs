//! What the server needs of the hub behind it; tests put something smaller there.

use std::future::Future;
use std::sync::Arc;

use crate::config::Settings;
use crate::hub::Hub;
use crate::storage::clock::{ClockChange, ClockState};
use crate::wire;

pub(crate) trait Backend: Send + Sync + 'static {
    fn settings(&self) -> &Settings;

    /// Whether requests can be answered.
    fn is_ready(&self) -> bool;

    /// Answers one request of AWS's protocols. The future is dropped when the client goes away.
    fn answer(self: &Arc<Self>, request: wire::Request<'_>) -> impl Future<Output = wire::Response>;

    fn clock(&self) -> ClockState;

    /// Turns the clock, in this order; the error is a sentence for the client.
    fn turn_clock(&self, changes: Vec<ClockChange>) -> impl Future<Output = Result<ClockState, String>>;
}

impl Backend for Hub {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn is_ready(&self) -> bool {
        Self::is_ready(self)
    }

    async fn answer(self: &Arc<Self>, request: wire::Request<'_>) -> wire::Response {
        wire::answer(self, request).await
    }

    fn clock(&self) -> ClockState {
        self.engine.clock()
    }

    async fn turn_clock(&self, changes: Vec<ClockChange>) -> Result<ClockState, String> {
        self.engine.turn_clock(changes).await.map_err(|error| error.to_string())
    }
}
