//! The way to the collector: OTLP over HTTP, from a thread of its own.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use reqwest::blocking::Client;
use reqwest::{Certificate, Identity};

use super::variables::{Refusal, Target};

/// A collector that is away is spoken of no more often.
const REPORT: Duration = Duration::from_secs(60);

/// Sends spans, and says what is lost.
#[derive(Debug)]
pub(super) struct Collector {
    otlp: Otlp,
    /// Where they go, without a name and a password.
    address: String,
    losses: Mutex<Losses>,
}

#[derive(Debug, Default)]
struct Losses {
    spans: usize,
    reported_at: Option<Instant>,
}

impl Losses {
    /// Adds what was lost; tells how much it has become if that is to be reported now.
    fn add(&mut self, spans: usize, now: Instant) -> Option<usize> {
        self.spans += spans;
        if self.reported_at.is_some_and(|at| now.duration_since(at) < REPORT) {
            return None;
        }
        self.reported_at = Some(now);
        Some(self.rest())
    }

    /// What has not been reported.
    fn rest(&mut self) -> usize {
        std::mem::take(&mut self.spans)
    }
}

impl Collector {
    pub(super) fn new(target: &Target) -> Result<Self, Refusal> {
        let client = client(target)?;
        let exporter = Otlp::builder().with_http().with_http_client(client);
        let exporter = exporter.with_endpoint(target.url.as_str()).with_timeout(target.timeout);
        let otlp = exporter.build().map_err(|error| error.to_string())?;
        Ok(Self { otlp, address: address(&target.url), losses: Mutex::default() })
    }
}

impl SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.otlp.export(batch).await;
        if let Err(error) = &sent {
            let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(lost) = losses.add(spans, Instant::now()) {
                tracing::warn!(%error, lost_spans = lost, "{} does not take traces", self.address);
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let lost = self.losses.lock().unwrap_or_else(PoisonError::into_inner).rest();
        if lost > 0 {
            tracing::warn!(lost_spans = lost, "{} did not take traces", self.address);
        }
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

/// A client that may wait: the thread that sends has no runtime around it.
fn client(target: &Target) -> Result<Client, Refusal> {
    // Another provider would have been installed by ourselves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut client = Client::builder().timeout(target.timeout);
    if let Some(path) = &target.trusted {
        let trusted = Certificate::from_pem_bundle(&read(path)?);
        client = client.tls_certs_only(trusted.map_err(|error| unusable(path, &error))?);
    } else if target.url.scheme() == "http" {
        // A machine without certificates can still send without TLS.
        client = client.tls_certs_only([]);
    }
    if let Some((certificate, key)) = &target.identity {
        let both = [read(certificate)?, b"\n".to_vec(), read(key)?].concat();
        let identity = Identity::from_pem(&both);
        client = client.identity(identity.map_err(|error| unusable(certificate, &error))?);
    }
    client.build().map_err(|error| format!("no connection can be made to {}: {error}", address(&target.url)))
}

/// Scheme, host and path of a URL.
fn address(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    // Both fail for URLs without a host only, which none of these is.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

fn read(path: &str) -> Result<Vec<u8>, Refusal> {
    fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))
}

fn unusable(path: &str, error: &reqwest::Error) -> Refusal {
    format!("{path} is not a PEM file that can be used: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_reported_once_a_minute_and_none_is_left_out() {
        let start = Instant::now();
        let mut losses = Losses::default();
        let reports = [(0, 5), (10, 7), (59, 1), (60, 2), (61, 3), (200, 1)]
            .map(|(second, spans)| losses.add(spans, start + Duration::from_secs(second)));
        assert_eq!(reports, [Some(5), None, None, Some(10), None, Some(4)]);
        assert_eq!([losses.rest(), losses.add(2, start + Duration::from_secs(201)).map_or(9, |_| 0)], [0, 9]);
        assert_eq!(losses.rest(), 2);
    }
}
