use super::*;

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

fn read(variables: &[(&str, &str)]) -> Result<Option<Target>, Refusal> {
    target(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_is_sent_unless_an_endpoint_is_named_and_nothing_forbids_it() {
    let cases: [&[(&str, &str)]; 6] = [
        &[],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")],
        &[("OTEL_SERVICE_NAME", "orders"), ("OTEL_TRACES_EXPORTER", "otlp")],
        &[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")],
        &[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")],
        // Of other signals.
        &[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://collector:4318")],
    ];
    for variables in cases {
        assert_eq!(read(variables), Ok(None), "{variables:?}");
    }
}

#[test]
fn the_url_of_traces_is_told_from_that_of_everything() {
    let traces = |url| ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url);
    let all = |url| ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[ENDPOINT], "http://collector:4318/v1/traces"),
        (&[all("https://collector/")], "https://collector/v1/traces"),
        (&[all("https://collector/otlp")], "https://collector/otlp/v1/traces"),
        (&[traces("http://collector/in")], "http://collector/in"),
        (&[ENDPOINT, traces("http://other:1/")], "http://other:1/"),
    ];
    for (variables, url) in cases {
        assert_eq!(read(variables).unwrap().unwrap().url.as_str(), url, "{variables:?}");
    }
}

#[test]
fn what_is_said_of_traces_counts_more_than_what_is_said_of_everything() {
    let timeout = |variables: &[(&str, &str)]| {
        let variables = [&[ENDPOINT], variables].concat();
        read(&variables).unwrap().unwrap().timeout.as_millis()
    };
    let (all, traces) = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
    assert_eq!(timeout(&[]), 10_000);
    assert_eq!(timeout(&[(all, "3000")]), 3000);
    assert_eq!(timeout(&[(all, "3000"), (traces, "200")]), 200);
    assert_eq!(timeout(&[(all, "3000"), (traces, "")]), 3000);
}

#[test]
fn files_of_certificates_are_named_by_variables() {
    let file = |name| (name, "file.pem");
    let files = |variables: &[(&str, &str)]| {
        let target = read(&[&[ENDPOINT], variables].concat()).unwrap().unwrap();
        (target.trusted.is_some(), target.identity.is_some())
    };
    let (certificate, key) =
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY");
    assert_eq!(files(&[]), (false, false));
    assert_eq!(files(&[file("OTEL_EXPORTER_OTLP_CERTIFICATE")]), (true, false));
    assert_eq!(files(&[file(certificate)]), (false, false), "a certificate is of no use without its key");
    assert_eq!(files(&[file(certificate), file(key)]), (false, true));
}

#[test]
fn what_cannot_be_followed_is_said_with_what_is_expected() {
    let cases = [
        (("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), "http/protobuf"),
        (("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"), "http/protobuf"),
        (("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4317"), "a URL with http or https"),
        (("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "unix:///socket"), "a URL with http or https"),
        (("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://?p=a"), "a URL with http or https"),
        (("OTEL_EXPORTER_OTLP_TIMEOUT", "0"), "a number from 1"),
        (("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"), "gzip or none"),
        (("OTEL_EXPORTER_OTLP_HEADERS", "bad header"), "as in a=b,c=d"),
        (("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b,c=d%0D%0Ae"), "as in a=b,c=d"),
        (("OTEL_BSP_MAX_QUEUE_SIZE", "99999999999999"), "to 1000000"),
        (("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"), "a number from 1"),
        (("OTEL_BSP_SCHEDULE_DELAY", "0"), "a number from 1"),
        (("OTEL_BSP_EXPORT_TIMEOUT", "soon"), "a number from 1"),
        (("OTEL_TRACES_EXPORTER", "zipkin"), "otlp or none"),
        (("OTEL_TRACES_SAMPLER", "xray"), "parentbased_always_on"),
        (("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"), "a number from 1"),
    ];
    for (variable, expected) in cases {
        let refusal = read(&[ENDPOINT, variable]).unwrap_err();
        // Endpoints and headers may hold passwords.
        let is_secret = ["ENDPOINT", "HEADERS"].iter().any(|last| variable.0.ends_with(last));
        assert!(refusal.contains(variable.0) && refusal.contains(variable.1) != is_secret, "{refusal}");
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn a_ratio_is_a_number_from_0_to_1() {
    let sample = |sampler, ratio| {
        read(&[ENDPOINT, ("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", ratio)]).is_ok()
    };
    for ratio in ["0", "0.25", "1.0", ""] {
        assert!(sample("traceidratio", ratio) && sample("parentbased_traceidratio", ratio), "{ratio}");
    }
    for ratio in ["2", "-0.1", "half", "NaN"] {
        assert!(!sample("traceidratio", ratio), "{ratio}");
        assert!(sample("always_on", ratio), "it is asked of those that have a ratio: {ratio}");
    }
}
