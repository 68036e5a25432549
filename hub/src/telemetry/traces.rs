//! Traces: the spans of requests, sent to a collector in batches.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::collector::Collector;
use super::span;
use super::variables::{self, Refusal};

/// What the hub is called unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says otherwise.
const SERVICE_NAME: &str = "fanq";

/// How long a stop waits for the last spans to be sent. With the time that the hub itself may take, it is less than the
/// ten seconds that containers are given.
const FLUSH: Duration = Duration::from_millis(1500);

/// The way of spans to a collector, until it is ended.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Traces as the environment of the process wants them, if it does.
    pub(crate) fn from_environment() -> Result<Option<Self>, Refusal> {
        // As text that may have gaps; a variable that is not text names no endpoint that could be reached.
        let read = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let Some(target) = variables::target(read)? else {
            return Ok(None);
        };
        let provider = SdkTracerProvider::builder().with_resource(resource(read("OTEL_SERVICE_NAME")));
        Ok(Some(Self(provider.with_batch_exporter(Collector::new(&target)?).build())))
    }

    /// What takes our spans out of everything that is told.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    {
        let tracer: Tracer = self.0.tracer(SERVICE_NAME);
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        let layer = layer.with_location(false).with_threads(false).with_target(false);
        let ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target() == span::TARGET;
        layer
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(ours).with_max_level_hint(LevelFilter::INFO))
    }

    /// Sends what is left, unless that takes too long. Must not be called where a runtime would have to wait.
    pub(crate) fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Who sends the spans. What comes later wins.
fn resource(service_name: Option<String>) -> Resource {
    let own = [("service.name", SERVICE_NAME), ("service.version", env!("CARGO_PKG_VERSION"))];
    let resource = Resource::builder_empty()
        .with_attributes(own.map(|(name, value)| KeyValue::new(name, value)))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match service_name.filter(|name| !name.is_empty()) {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}
