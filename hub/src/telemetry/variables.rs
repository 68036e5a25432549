//! The standard variables of OpenTelemetry, as far as they decide whether and where traces go.
//!
//! These variables are often set for all programs of a machine, so none of them keeps the hub from starting: what it
//! cannot follow is said in the log, and there are no traces. Variables that are not named here are read by the
//! OpenTelemetry SDK itself.

use actix_web::http::header::{HeaderName, HeaderValue};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Where traces go if the variables say so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The URL that takes them.
    pub(super) url: reqwest::Url,
    /// For one attempt to send some.
    pub(super) timeout: Duration,
    /// A file with the certificates to trust, in place of the system's.
    pub(super) trusted: Option<String>,
    /// Files with the certificate and the key by which a collector knows the hub.
    pub(super) identity: Option<(String, String)>,
}

/// A variable that cannot be followed: a sentence.
pub(super) type Refusal = String;

const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// An hour is more than anybody waits.
const MILLISECONDS: RangeInclusive<u64> = 1..=3_600_000;

/// What the SDK takes as it is: a queue takes its memory at once, and a delay of nothing keeps a processor busy.
const BATCHES: [(&str, RangeInclusive<u64>); 4] = [
    ("OTEL_BSP_MAX_QUEUE_SIZE", 1..=1_000_000),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1..=1_000_000),
    ("OTEL_BSP_SCHEDULE_DELAY", MILLISECONDS),
    ("OTEL_BSP_EXPORT_TIMEOUT", MILLISECONDS),
];

const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// Reads the variables; `read` gives the value of one. Nothing goes anywhere unless an endpoint is named.
pub(super) fn target(read: impl Fn(&str) -> Option<String>) -> Result<Option<Target>, Refusal> {
    // The specification wants an empty variable to count as absent.
    let read = |name: &str| read(name).filter(|value| !value.is_empty());
    let of_exporter = |last: &str| {
        let names = [format!("OTEL_EXPORTER_OTLP_TRACES_{last}"), format!("OTEL_EXPORTER_OTLP_{last}")];
        names.into_iter().find_map(|name| Some((read(&name)?, name)))
    };
    if read("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let Some((endpoint, endpoint_name)) = of_exporter("ENDPOINT") else {
        return Ok(None);
    };
    match read("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => return Err(format!("OTEL_TRACES_EXPORTER is {other:?}: otlp or none is expected")),
    }
    if let Some((protocol, name)) = of_exporter("PROTOCOL")
        && protocol != "http/protobuf"
    {
        return Err(format!("{name} is {protocol:?}: http/protobuf is the one protocol that is spoken"));
    }
    check_sampler(read)?;
    // Not with the value, which may hold a password.
    let url = url(&endpoint, endpoint_name.contains("TRACES"))
        .ok_or_else(|| format!("{endpoint_name}: a URL with http or https is expected"))?;
    let timeout = match of_exporter("TIMEOUT") {
        None => TIMEOUT_DEFAULT,
        Some((text, name)) => Duration::from_millis(number(&name, &text, MILLISECONDS)?),
    };
    for (name, range) in BATCHES {
        read(name).map(|text| number(name, &text, range)).transpose()?;
    }
    if let Some((compression, name)) = of_exporter("COMPRESSION")
        && !["gzip", "none"].contains(&compression.as_str())
    {
        return Err(format!("{name} is {compression:?}: gzip or none is expected"));
    }
    if let Some((headers, name)) = of_exporter("HEADERS")
        && !headers.split(',').all(is_header)
    {
        return Err(format!("{name}: names and values are expected, as in a=b,c=d"));
    }
    let file = |last| of_exporter(last).map(|(path, _)| path);
    let identity = file("CLIENT_CERTIFICATE").zip(file("CLIENT_KEY"));
    Ok(Some(Target { url, timeout, trusted: file("CERTIFICATE"), identity }))
}

/// A number within a range.
fn number(name: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, Refusal> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        format!("{name} is {text:?}: a number from {} to {} is expected", range.start(), range.end())
    })
}

/// Whether this is a header as the variables have it, its value encoded as in a URL.
fn is_header(text: &str) -> bool {
    let is_line_break = |value: &str| {
        let value = value.to_ascii_lowercase();
        value.contains("%0d") || value.contains("%0a")
    };
    text.split_once('=').is_some_and(|(name, value)| {
        HeaderName::try_from(name.trim()).is_ok()
            && HeaderValue::try_from(value).is_ok()
            && !is_line_break(value)
    })
}

/// The URL for traces: the one that is named for them as it is, or a path under the one that is named for everything.
fn url(endpoint: &str, is_for_traces: bool) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(endpoint).ok();
    let mut url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    if !is_for_traces {
        url.set_path(&format!("{}/v1/traces", url.path().trim_end_matches('/')));
    }
    Some(url)
}

/// The SDK samples everything where it does not know the sampler, which is more than anybody asked for.
fn check_sampler(read: impl Fn(&str) -> Option<String>) -> Result<(), Refusal> {
    let Some(sampler) = read("OTEL_TRACES_SAMPLER") else {
        return Ok(());
    };
    if !SAMPLERS.contains(&sampler.as_str()) {
        let known = SAMPLERS.join(", ");
        return Err(format!("OTEL_TRACES_SAMPLER is {sampler:?}: one of {known} is expected"));
    }
    let ratio = read("OTEL_TRACES_SAMPLER_ARG").unwrap_or_else(|| "1".to_owned());
    let is_ratio = ratio.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio));
    if sampler.ends_with("traceidratio") && !is_ratio {
        return Err(format!("OTEL_TRACES_SAMPLER_ARG is {ratio:?}: a number from 0 to 1 is expected"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
