//! What the server needs of what is behind it; tests put something smaller there.

use std::future::Future;
use std::sync::Arc;

use actix_web::http::StatusCode;

use crate::config::Settings;
use crate::door::{Door, Status};
use crate::hub::Hub;
use crate::live::Reader;
use crate::resources::{self, Refusal};
use crate::socket::keeper;
use crate::storage::clock::{ClockChange, ClockState};
use crate::wire::{self, Code, Fault, Head};

/// What is said until the hub is there. SDKs try again after this.
const STARTING: &str = "The hub is starting: it reads its log. Please try again in a moment.";

pub(crate) trait Backend: Send + Sync + 'static {
    fn settings(&self) -> &Settings;

    /// Whether requests can be answered.
    fn status(&self) -> Status;

    /// Answers one request of AWS's protocols. The future is dropped when the client goes away.
    fn answer(self: &Arc<Self>, request: wire::Request<'_>) -> impl Future<Output = wire::Response>;

    /// Answers one request for a resource of the hub's own.
    fn resource(self: &Arc<Self>, request: wire::Request<'_>) -> impl Future<Output = wire::Response>;

    /// Begins the live subscription that a request asks for.
    fn subscribe(self: &Arc<Self>, request: wire::Request<'_>) -> Result<Reader, wire::Response>;

    /// What connections are for that go on, once it is there.
    fn hub(&self) -> Option<Arc<Hub>>;

    /// Refuses a request that is not to be answered.
    fn refuse(&self, head: &Head<'_>, fault: &Fault) -> wire::Response;

    /// The certificate of signatures that is fetched by this path, in PEM; the error is a sentence for the client.
    fn certificate(&self, path: &str) -> Result<Option<String>, String>;

    /// What can be measured, in the text format of Prometheus; the error is a sentence for the client.
    fn metrics(&self) -> impl Future<Output = Result<String, String>>;

    /// How the clock stands; the error is a sentence for the client.
    fn clock(&self) -> Result<ClockState, String>;

    /// Turns the clock, in this order; the error is a sentence for the client.
    fn turn_clock(&self, changes: Vec<ClockChange>) -> impl Future<Output = Result<ClockState, String>>;
}

impl Door {
    fn hub_or_refusal(&self) -> Result<&Arc<Hub>, String> {
        self.hub().ok_or_else(|| STARTING.to_owned())
    }
}

impl Backend for Door {
    fn settings(&self) -> &Settings {
        Self::settings(self)
    }

    fn status(&self) -> Status {
        Self::status(self)
    }

    async fn answer(self: &Arc<Self>, request: wire::Request<'_>) -> wire::Response {
        match self.hub() {
            Some(hub) => wire::answer(hub, request).await,
            None => self.refuse(&request.head, &Fault::new(Code::ServiceUnavailable, STARTING)),
        }
    }

    async fn resource(self: &Arc<Self>, request: wire::Request<'_>) -> wire::Response {
        match self.hub_or_refusal() {
            Ok(hub) => resources::answer(hub, request).await,
            Err(text) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response(),
        }
    }

    fn subscribe(self: &Arc<Self>, request: wire::Request<'_>) -> Result<Reader, wire::Response> {
        match self.hub_or_refusal() {
            Ok(hub) => resources::subscribe(hub, request),
            Err(text) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response()),
        }
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        Self::hub(self).map(Arc::clone)
    }

    fn refuse(&self, head: &Head<'_>, fault: &Fault) -> wire::Response {
        wire::refuse(head, fault, self.hub().map(|hub| &*hub.metrics))
    }

    fn certificate(&self, path: &str) -> Result<Option<String>, String> {
        self.hub_or_refusal()?.certificate(path).map_err(|error| error.to_string())
    }

    async fn metrics(&self) -> Result<String, String> {
        let exposed = self.hub_or_refusal()?.expose_metrics().await;
        exposed.map_err(|error| error.to_string())
    }

    fn clock(&self) -> Result<ClockState, String> {
        Ok(self.hub_or_refusal()?.engine.clock())
    }

    async fn turn_clock(&self, changes: Vec<ClockChange>) -> Result<ClockState, String> {
        let hub = self.hub_or_refusal()?;
        let turned = hub.engine.turn_clock(changes).await;
        // Leases fell due by this as well.
        keeper::keep(hub).await;
        turned.map_err(|error| error.to_string())
    }
}
