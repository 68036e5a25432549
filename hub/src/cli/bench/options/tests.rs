use super::*;

fn read(line: &[&str]) -> Result<Asked, Error> {
    let command = Command::new("bench").no_binary_name(true).args(arguments()).args(further_arguments());
    Asked::read(&command.try_get_matches_from(line)?)
}

fn asked(line: &[&str]) -> Asked {
    read(line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

fn hub(durability: &str) -> Subject {
    Subject::Hub { durability: durability.to_owned(), folder: None }
}

#[test]
fn without_flags_the_defaults_count() {
    let expected = Options {
        scenario: Scenario::Send,
        connections: 64,
        body_bytes: 1_024,
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
        duration: Duration::from_secs(10),
        subject: hub("sync"),
    };
    let found = asked(&["send"]);
    assert_eq!(found.options, expected);
    assert!(found.against.is_none() && !found.json);
}

#[test]
fn the_other_measurement_takes_over_what_it_does_not_say() {
    let line = ["receive", "--batch", "10", "--backlog", "5", "--durability", "none", "--duration", "2s"];
    let check = |against: &str, expected: fn(Options) -> Options| {
        let found = asked(&[&line[..], &["--against", against, "--pairs", "5"]].concat());
        let (other, pairs) = found.against.unwrap();
        assert_eq!((other, pairs), (expected(found.options), 5), "{against}");
    };
    check("receive", |options| options);
    check("send --backlog 7", |options| Options { scenario: Scenario::Send, backlog: 7, ..options });
    check("fanout --queues 100", |options| Options {
        scenario: Scenario::Fanout,
        queues: 100,
        backlog: 0,
        ..options
    });
    check("push", |options| Options { scenario: Scenario::Push, connections: 1, backlog: 0, ..options });
    check("floor", |options| Options {
        scenario: Scenario::Floor,
        backlog: 0,
        subject: Subject::Floor { folder: None },
        ..options
    });
    check("receive --endpoint http://other:9324", |options| Options {
        subject: Subject::Endpoint(Authority::parse("other:9324").unwrap()),
        ..options
    });
    check("receive --durability interval:50", |options| Options { subject: hub("interval:50"), ..options });
}

#[test]
fn fifo_queues_are_compared_with_standard_ones() {
    let found = asked(&["send", "--fifo", "--groups", "7", "--against", "send"]);
    let (other, _) = found.against.unwrap();
    assert_eq!((found.options.groups, other.groups), (Some(7), None));
    assert_eq!(asked(&["receive", "--fifo"]).options.groups, Some(1_000));
}

#[test]
fn polls_are_connections() {
    assert_eq!(asked(&["polls"]).options.connections, 10_000);
    assert_eq!(asked(&["polls", "--polls", "20", "--queues", "10"]).options.connections, 20);
}

#[test]
fn what_is_measured_of_websockets_is_a_second_word() {
    for (line, scenario, connections, batch) in [
        (&["ws", "idle"][..], Scenario::SocketIdle, 10_000, 1),
        (&["ws", "live", "--subscribers", "1000", "--frozen", "1"], Scenario::SocketLive, 1_000, 1),
        (&["ws", "consume", "--rate", "1000"], Scenario::SocketConsume, 1, 1),
        (&["--json", "ws", "--duration", "1s", "drain"], Scenario::SocketDrain, 64, 10),
    ] {
        let found = asked(line).options;
        assert_eq!(
            (found.scenario, found.connections, found.batch),
            (scenario, connections, batch),
            "{line:?}"
        );
    }
    for scenario in Scenario::ALL {
        let found = asked(&scenario.name().split(' ').collect::<Vec<_>>()).options.scenario;
        assert_eq!(found, scenario);
    }
}

#[test]
fn pushing_is_compared_with_polling() {
    let found = asked(&["ws", "drain", "--durability", "none", "--against", "receive --batch 10"]);
    let (other, _) = found.against.unwrap();
    assert_eq!(other, Options { scenario: Scenario::Receive, ..found.options });
    let (other, _) = asked(&["receive", "--against", "ws drain"]).against.unwrap();
    assert_eq!(other.scenario, Scenario::SocketDrain);
}

#[test]
fn a_priority_queue_is_compared_with_a_plain_one() {
    let found = asked(&["receive", "--members", "4", "--against", "receive"]);
    let (other, _) = found.against.unwrap();
    assert_eq!((found.options.members, other.members), (Some(4), None));
}

#[test]
fn a_hub_is_compared_with_an_endpoint_in_either_order() {
    let found = asked(&["send", "--endpoint", "http://other", "--against", "send --durability none"]);
    assert_eq!(found.options.subject, Subject::Endpoint(Authority::parse("other:80").unwrap()));
    assert_eq!(found.against.unwrap(), (Options { subject: hub("none"), ..found.options }, PAIRS_DEFAULT));
}

#[test]
fn wrong_usage_is_refused() {
    for (line, expected) in [
        (&["send", "--connections", "0"][..], "1..=10000"),
        (&["send", "--body-bytes", "1048577"], "1..=1048576"),
        (&["send", "--batch", "11"], "1..=10"),
        (&["send", "--queues", "1001"], "1..=1000"),
        (&["send", "--duration", "900ms"], "it is 1s to 1h"),
        (&["send", "--duration", "soon"], "expected number"),
        (&["send", "--durability", "often"], "sync, none, or interval:"),
        (&["send", "--endpoint", "https://hub"], "http://"),
        (&["send", "--endpoint", "http://hub", "--durability", "sync"], "not for --endpoint"),
        (&["send", "--queues", "100"], "at least --queues"),
        (&["floor", "--endpoint", "http://hub"], "a server of its own"),
        (&["fanout", "--backlog", "1"], "not for fanout"),
        (&["polls", "--fifo"], "not for polls"),
        (&["e2e", "--matching", "1"], "not for e2e"),
        (&["send", "--enveloped"], "not for send"),
        (&["fanout", "--dead", "1"], "not for fanout"),
        (&["push", "--connections", "2"], "publishes on one"),
        (&["send", "--groups", "2"], "--fifo"),
        (&["send", "--rate", "1"], "not for send"),
        (&["send", "--pairs", "3"], "--against"),
        (&["send", "--against", "sned"], "invalid value 'sned'"),
        (&["send", "--against", "floor --durability none"], "a server of its own"),
        (&["send", "--against", ""], "SCENARIO"),
        (&["forever"], "invalid value 'forever'"),
        (&["ws"], "there is no scenario \"ws\", only send, "),
        (&["send", "idle"], "there is no scenario \"send idle\""),
        (&["ws", "idle", "--rate", "1"], "not for ws idle"),
        (&["ws", "live", "--queues", "2"], "which has none"),
        (&["ws", "live", "--subscribers", "2", "--frozen", "2"], "less than --subscribers"),
        (&["ws", "consume", "--frozen", "1"], "not for ws consume"),
        (&["fanout", "--members", "2"], "not for fanout"),
        (&["receive", "--members", "1"], "2..=16"),
        (&["receive", "--queues", "20", "--members", "4"], "cannot serve 80 queues"),
        (&[], "SCENARIO"),
    ] {
        let error = read(line).expect_err(&format!("{line:?}"));
        assert!(error.to_string().contains(expected), "{line:?}: {error}");
    }
}
