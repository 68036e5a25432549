//! `fanq bench`: that it measures, and leaves nothing behind. How fast anything is, no test says.

use fanq_tests::{Hub, Request, TemporaryFolder, binary, eventually, run};
use serde_json::Value;
use std::process::{Command, Stdio};

/// Runs a measurement of a second that has to succeed, and gives its object.
fn measured(flags: &[&str]) -> Value {
    // What pushes has one.
    let are_given =
        flags[0] == "push" || ["--connections", "--subscribers"].iter().any(|flag| flags.contains(flag));
    let connections = if are_given { &[][..] } else { &["--connections", "4"] };
    let common = ["--duration", "1s", "--json"];
    let output = run(&[&["bench"], flags, connections, &common].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{flags:?}: {said}{complained}");
    let lines = said.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 1, "{flags:?}: {said}");
    serde_json::from_str(lines[0]).unwrap()
}

/// Measures with a server that bench starts, and looks at what remains of it.
fn check(flags: &[&str]) -> Value {
    let folder = TemporaryFolder::new();
    let path = folder.path().to_str().unwrap();
    let object = measured(&[flags, &["--folder", path]].concat());
    // Sockets that are idle get no messages.
    let is_idle = flags.contains(&"idle");
    let positive = ["requests_per_s", "p50_ms", "p99_ms", "cpu_us_per_request", "rss_bytes"];
    for name in positive.into_iter().chain((!is_idle).then_some("messages_per_s")) {
        assert!(object[name].as_f64().is_some_and(|value| value > 0.0), "{flags:?}: {name}: {object}");
    }
    let name = flags.iter().take_while(|flag| !flag.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
    assert_eq!(object["scenario"], name);
    assert_eq!((&object["errors"], &object["first_error"]), (&Value::from(0), &Value::Null), "{flags:?}");
    assert!(is_empty(&folder), "{flags:?}: the folder of the log is gone");
    assert!(!runs_in(path), "{flags:?}: the server has ended");
    object
}

fn is_empty(folder: &TemporaryFolder) -> bool {
    std::fs::read_dir(folder.path()).unwrap().next().is_none()
}

/// Whether a process was given this path, where the system says so.
fn runs_in(path: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return false;
    };
    let lines = processes.flatten().filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let mut lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    lines.any(|line| line.contains(path) && line.contains("serve"))
}

/// How many messages each request stands for.
fn messages_of_a_request(object: &Value) -> f64 {
    object["messages_per_s"].as_f64().unwrap() / object["requests_per_s"].as_f64().unwrap()
}

#[test]
fn what_goes_into_queues_is_measured() {
    check(&["send"]);
    check(&["send", "--backlog", "500"]);
    let fifo = check(&["send", "--fifo", "--groups", "5"]);
    assert_eq!(fifo["groups"], 5);
    check(&["send", "--fifo", "--batch", "10"]);
    let batch = check(&["send", "--batch", "10", "--queues", "2", "--durability", "none"]);
    assert!((messages_of_a_request(&batch) - 10.0).abs() < 0.01, "{batch}");
}

#[test]
fn what_comes_out_of_queues_is_measured() {
    check(&["receive", "--batch", "10"]);
    check(&["receive", "--backlog", "1000", "--queues", "3", "--durability", "none"]);
    check(&["receive", "--fifo", "--batch", "10"]);
}

#[test]
fn what_goes_through_a_topic_is_measured() {
    let fanout = check(&["fanout", "--queues", "5"]);
    assert!((messages_of_a_request(&fanout) - 5.0).abs() < 0.01, "{fanout}");
    let flow = check(&["e2e", "--durability", "none", "--queues", "2", "--body-bytes", "1"]);
    assert!((messages_of_a_request(&flow) - 2.0).abs() < 0.01, "{flow}");
}

#[test]
fn what_is_filtered_is_measured() {
    let filtered = check(&["fanout", "--queues", "6", "--matching", "2"]);
    assert!((messages_of_a_request(&filtered) - 2.0).abs() < 0.01, "{filtered}");
}

#[test]
fn what_is_pushed_is_measured_also_beside_a_receiver_that_is_not_there() {
    let pushed = check(&["push", "--queues", "5", "--dead", "1"]);
    assert!((messages_of_a_request(&pushed) - 4.0).abs() < 0.01, "{pushed}");
}

#[test]
fn what_wakes_one_of_many_polls_is_measured() {
    let polls = check(&["polls", "--queues", "2", "--rate", "50"]);
    assert!(polls["bytes_per_connection"].is_u64() && polls["rate"] == 50, "{polls}");
}

#[test]
fn a_priority_queue_is_measured() {
    let queue = check(&["receive", "--members", "4", "--batch", "10"]);
    assert_eq!(queue["members"], 4, "{queue}");
    check(&["send", "--members", "2", "--queues", "2"]);
    check(&["receive", "--members", "2", "--fifo"]);
}

#[test]
fn what_a_websocket_takes_is_measured() {
    let idle = check(&["ws", "idle", "--connections", "1000"]);
    assert!(idle["bytes_per_connection"].is_u64(), "{idle}");
}

#[test]
fn what_is_watched_over_websockets_is_measured_also_beside_one_that_reads_nothing() {
    let live = check(&["ws", "live", "--subscribers", "4", "--frozen", "1", "--rate", "200"]);
    assert!((messages_of_a_request(&live) - 3.0).abs() < 0.01, "{live}");
    assert_eq!((&live["frozen"], &live["rate"]), (&1.into(), &200.into()), "{live}");
}

#[test]
fn what_is_pushed_over_websockets_is_measured() {
    let consumed = check(&["ws", "consume", "--queues", "2", "--durability", "none"]);
    assert!((messages_of_a_request(&consumed) - 2.0).abs() < 0.01, "{consumed}");
    check(&["ws", "consume", "--enveloped"]);
    check(&["ws", "drain", "--queues", "2"]);
    check(&["ws", "drain", "--fifo", "--batch", "1"]);
    check(&["ws", "drain", "--members", "2", "--backlog", "500"]);
}

#[test]
fn the_floor_is_measured() {
    check(&["floor"]);
    check(&["floor", "--batch", "10"]);
}

#[test]
fn two_measurements_are_compared() {
    let object = check(&["send", "--against", "floor --body-bytes 10", "--pairs", "2"]);
    for name in ["requests", "messages", "cpu", "p50", "p99"] {
        assert!(object["ratios"][name].as_f64().is_some_and(|ratio| ratio > 0.0), "{name}: {object}");
    }
    assert_eq!((&object["against"]["scenario"], &object["pairs"]), (&"floor".into(), &2.into()));
    assert_eq!((&object["body_bytes"], &object["against"]["body_bytes"]), (&1024.into(), &10.into()));
}

#[test]
fn a_running_hub_is_measured_and_left_as_it_was() {
    let hub = Hub::start(&[]);
    let scenarios = [
        &["send"][..],
        &["receive"],
        &["receive", "--members", "2"],
        &["fanout"],
        &["e2e"],
        &["polls"],
        &["ws", "idle"],
        &["ws", "live"],
        &["ws", "consume"],
        &["ws", "drain"],
    ];
    for scenario in scenarios {
        let object = measured(&[scenario, &["--endpoint", &hub.endpoint()]].concat());
        assert_eq!((&object["errors"], &object["endpoint"]), (&0.into(), &hub.endpoint().into()), "{object}");
        assert_eq!((&object["cpu_us_per_request"], &object["rss_bytes"]), (&Value::Null, &Value::Null));
        let queues = Request::json("ListQueues", "{}").send(&hub).text();
        assert_eq!(queues, "{}", "{scenario:?}");
    }
}

#[test]
fn what_cannot_be_measured_says_why() {
    let hub = Hub::start_plain(&[]);
    let gone = hub.endpoint();
    drop(hub);
    for (flags, code, expected) in [
        (&["send", "--endpoint", &gone][..], 1, "cannot connect"),
        (&["send", "--folder", "/nowhere/at/all"], 1, "no folder can be made there"),
        (&["send", "--endpoint", &gone, "--durability", "none"], 2, "not for --endpoint"),
        (&["send", "--body-bytes", "2000000"], 2, "--body-bytes"),
        (&["send", "--against", "floor --batch 11"], 2, "--batch"),
        (&["everything"], 2, "SCENARIO"),
        (&["ws"], 2, "ws idle"),
    ] {
        let output = run(&[&["bench"], flags].concat());
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {complained}");
        assert!(complained.contains(expected), "{flags:?}: {complained}");
        assert!(output.stdout.is_empty(), "{flags:?}");
    }
}

#[test]
fn a_refusal_is_shown_as_it_came() {
    let hub = Hub::start(&[]);
    let flags = ["bench", "send", "--batch", "2", "--body-bytes", "1048576", "--duration", "1s"];
    let output = run(&[&flags[..], &["--connections", "1", "--endpoint", &hub.endpoint()]].concat());
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{complained}");
    assert!(complained.contains("status 400") && complained.contains("Batch requests"), "{complained}");
}

#[test]
fn an_interrupted_measurement_leaves_nothing_behind() {
    let folder = TemporaryFolder::new();
    let path = folder.path().to_str().unwrap();
    let mut bench = Command::new(binary())
        .args(["bench", "send", "--duration", "1h", "--folder", path])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the hub runs", || runs_in(path));
    let asked = Command::new("kill").arg("-INT").arg(bench.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert_eq!(bench.wait().unwrap().code(), Some(1));
    assert!(is_empty(&folder));
    assert!(!runs_in(path));
}

#[test]
#[ignore = "takes a minute or two"]
fn the_script_measures_all_targets() {
    let folder = TemporaryFolder::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench.sh");
    let output = Command::new("bash")
        .arg(script)
        .env("FANQ_BIN", binary())
        .env("BENCH_SECONDS", "1")
        .env("BENCH_PAIRS", "1")
        .env("BENCH_BACKLOG", "20000")
        .env("BENCH_FOLDER", folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let rows = printed.lines().filter(|line| line.contains("`fanq bench ")).collect::<Vec<_>>();
    assert_eq!(rows.len(), 27, "{printed}");
    for row in rows {
        assert!([" met |", " missed |", " – |"].iter().any(|end| row.ends_with(end)), "{row}");
    }
    assert!(is_empty(&folder));
}
