use super::*;
use crate::cli::bench::crew::Stretch;
use crate::cli::bench::options::{Options, Subject};
use crate::cli::bench::scenario::Scenario;
use std::time::Duration;

/// A second in which so many requests of one message were answered, each after as many microseconds as it says.
fn figures(requests: u64, latency_us: u64, cpu_ms: Option<u64>) -> Figures {
    Figures::new(&options(), &stretch(requests, latency_us, cpu_ms), Some(1 << 20))
}

fn options() -> Options {
    Options {
        scenario: Scenario::Send,
        connections: 4,
        body_bytes: 10,
        batch: 1,
        queues: 1,
        matching: None,
        is_enveloped: false,
        dead: 0,
        frozen: 0,
        members: None,
        backlog: 0,
        groups: None,
        rate: 100,
        duration: Duration::from_secs(1),
        subject: Subject::Hub { durability: "sync".to_owned(), folder: None },
    }
}

fn stretch(requests: u64, latency_us: u64, cpu_ms: Option<u64>) -> Stretch {
    let mut stretch = Stretch::nothing().unwrap();
    stretch.time = Duration::from_secs(1);
    stretch.cpu = cpu_ms.map(Duration::from_millis);
    (stretch.tally.requests, stretch.tally.messages) = (requests, requests);
    (0..requests).for_each(|_| stretch.tally.took(Duration::from_micros(latency_us)));
    stretch
}

#[test]
fn the_median_is_in_the_middle() {
    for (values, expected) in [
        (&[3.0, 1.0, 2.0][..], Some(2.0)),
        (&[4.0, 1.0, 2.0, 3.0], Some(2.5)),
        (&[7.0], Some(7.0)),
        (&[], None),
    ] {
        assert_eq!(median(values.iter().copied()), expected, "{values:?}");
    }
}

#[test]
fn the_median_of_the_ratios_is_not_the_ratio_of_the_medians() {
    let pairs = [
        (figures(50, 400, Some(5)), figures(100, 200, Some(4))),
        (figures(60, 400, Some(6)), figures(100, 200, Some(5))),
        (figures(90, 400, Some(9)), figures(300, 200, Some(12))),
    ];
    let comparison = Comparison::of(&pairs).unwrap();
    let expected = Ratios { requests: 0.5, messages: 0.5, cpu: Some(2.5), p50: 2.0, p99: 2.0 };
    assert_eq!(comparison.ratios, expected);
    assert_eq!(comparison.figures.requests_per_s.round(), 60.0);
    assert_eq!(comparison.against.requests_per_s.round(), 100.0);
    assert!(Comparison::of(&[]).is_none());
}

#[test]
fn a_ratio_of_the_slowest_is_not_that_of_the_middle() {
    let figures_of = |slow_us: u64| {
        let mut stretch = stretch(100, 200, None);
        (0..5).for_each(|_| stretch.tally.took(Duration::from_micros(slow_us)));
        Figures::new(&options(), &stretch, None)
    };
    let ratios = Comparison::of(&[(figures_of(3_000), figures_of(1_000))]).unwrap().ratios;
    assert_eq!((ratios.p50, ratios.p99.round()), (1.0, 3.0));
}

#[test]
fn what_one_of_them_does_not_know_has_no_ratio() {
    let comparison = Comparison::of(&[(figures(50, 400, None), figures(100, 200, Some(4)))]).unwrap();
    assert_eq!(comparison.ratios.cpu, None);
    assert_eq!(comparison.figures.cpu_us_per_request, None);
}

#[test]
fn the_object_has_the_fields_that_are_promised() {
    let comparison = Comparison::of(&[(figures(50, 400, Some(5)), figures(100, 200, None))]).unwrap();
    let object = serde_json::to_value(&comparison).unwrap();
    for name in ["requests_per_s", "messages_per_s", "p50_ms", "p99_ms", "cpu_us_per_request", "rss_bytes"] {
        assert!(object[name].is_number(), "{name}: {object}");
        assert!(object["against"].get(name).is_some(), "{name}: {object}");
    }
    assert_eq!(object["scenario"], "send");
    assert_eq!(object["errors"], 0);
    assert_eq!(
        object["ratios"],
        serde_json::json!({"requests": 0.5, "messages": 0.5, "cpu": null, "p50": 2.0, "p99": 2.0})
    );
}
