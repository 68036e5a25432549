//! The standard variables of OpenTelemetry, as far as they decide whether and where traces go.
//!
//! These variables are often set for all programs of a machine, so none of them keeps the hub from starting: what it
//! cannot follow is said in the log, and there are no traces. Variables that are not named here are read by the
//! OpenTelemetry SDK itself.

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
    let url = url(&endpoint, endpoint_name.contains("TRACES"))
        .ok_or_else(|| format!("{endpoint_name} is {endpoint:?}: a URL with http or https is expected"))?;
    let timeout = match of_exporter("TIMEOUT") {
        None => TIMEOUT_DEFAULT,
        Some((text, name)) => Duration::from_millis(
            text.parse().map_err(|_| format!("{name} is {text:?}: milliseconds are expected"))?,
        ),
    };
    let file = |last| of_exporter(last).map(|(path, _)| path);
    let identity = file("CLIENT_CERTIFICATE").zip(file("CLIENT_KEY"));
    Ok(Some(Target { url, timeout, trusted: file("CERTIFICATE"), identity }))
}

/// The URL for traces: the one that is named for them as it is, or a path under the one that is named for everything.
fn url(endpoint: &str, is_for_traces: bool) -> Option<reqwest::Url> {
    let text = if is_for_traces {
        endpoint.to_owned()
    } else {
        format!("{}/v1/traces", endpoint.strip_suffix('/').unwrap_or(endpoint))
    };
    reqwest::Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
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
