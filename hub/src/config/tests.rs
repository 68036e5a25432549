use super::*;

struct Case {
    file: &'static str,
    environment: &'static [(&'static str, &'static str)],
    flags: &'static [(&'static str, &'static str)],
}

const NOTHING: Case = Case { file: "", environment: &[], flags: &[] };

fn read(case: &Case) -> Result<Settings, Error> {
    let environment =
        case.environment.iter().map(|(name, value)| (name.into(), value.into())).collect::<Vec<_>>();
    let variables = environment::read(&environment)?;
    let find = |name: &str| TABLE.iter().find(|setting| setting.name() == name).unwrap();
    let flags = case.flags.iter().map(|(name, text)| (find(name), (*text).to_owned())).collect::<Vec<_>>();
    assemble(Some((Path::new("fanq.toml"), case.file)), &variables, &flags)
}

fn check(case: &Case, expected: &Settings) {
    assert_eq!(&read(case).unwrap(), expected);
}

fn check_error(case: &Case, expected: &str) {
    assert_eq!(read(case).unwrap_err().to_string(), expected);
}

fn port(port: u16) -> Settings {
    Settings { port, ..Settings::default() }
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let file = "[server]\nport = 1";
    let environment = &[("FANQ_PORT", "2")];
    let flags = &[("port", "3")];
    for (case, expected) in [
        (NOTHING, 4566),
        (Case { file, ..NOTHING }, 1),
        (Case { file, environment, ..NOTHING }, 2),
        (Case { file, environment, flags }, 3),
    ] {
        check(&case, &port(expected));
    }
}

#[test]
fn every_kind_of_value_can_stand_in_a_file() {
    let file = r#"
        [server]
        host = "::"
        port = 0
        region = "eu-central-1"
        strict = true
        public-url = "https://hub.example.com/"
        cors-origins = ["http://localhost:3000", "https://example.com"]
        allowed-hosts = "hub.example.com"
        data-dir = "/var/lib/fanq"
        durability = "interval:100"
        max-state = "2GiB"
        body-cache = 1000000
        metrics-queues = 10

        [push]
        breaker_failures = 3
        breaker-pause-s = 60
        allow = ["10.1.0.0/16"]
    "#;
    let expected = Settings {
        host: Host::V6(std::net::Ipv6Addr::UNSPECIFIED),
        port: 0,
        region: Region::parse("eu-central-1").unwrap(),
        strict: true,
        public_url: PublicUrl::parse("https://hub.example.com").ok(),
        cors_origins: Vec::parse("http://localhost:3000,https://example.com").unwrap(),
        allowed_hosts: vec![HostPattern::Exact(Host::Name("hub.example.com".to_owned()))],
        data_dir: PathBuf::from("/var/lib/fanq"),
        durability: Durability::Interval(std::time::Duration::from_millis(100)),
        max_state: Some(ByteSize(2 << 30)),
        body_cache: ByteSize(1_000_000),
        metrics_queues: Count(10),
        push_breaker_failures: Count(3),
        push_breaker_pause_s: Count(60),
        push_allow: Vec::parse("10.1.0.0/16").unwrap(),
        ..Settings::default()
    };
    check(&Case { file, ..NOTHING }, &expected);
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line() {
    for (file, expected) in [
        ("[server]\nprot = 1", "fanq.toml:2: server.prot is not a known setting; did you mean port?"),
        (
            "[server]\npublic_url = ''",
            "fanq.toml:2: server.public_url is not a known setting; did you mean public-url?",
        ),
        ("[server]\n\nqwerty = 1", "fanq.toml:3: server.qwerty is not a known setting"),
        ("[push]\nalow = []", "fanq.toml:2: push.alow is not a known setting; did you mean allow?"),
        ("[push]\nport = 1", "fanq.toml:2: push.port is not a known setting"),
        ("[server]\npush-allow = []", "fanq.toml:2: server.push-allow is not a known setting"),
        ("push = 1", "fanq.toml:1: push is a table: write [push]"),
        ("port = 1", "fanq.toml:1: port is not a known setting; did you mean port in [server]?"),
        ("[sever]", "fanq.toml:1: sever is not a known setting; did you mean [server]?"),
        ("server = 1", "fanq.toml:1: server is a table: write [server]"),
        (
            "\n[storage]",
            "fanq.toml:2: [storage] is reserved for a later version of fanq and cannot be used yet",
        ),
        (
            "[[storage.disks]]",
            "fanq.toml:1: [storage] is reserved for a later version of fanq and cannot be used yet",
        ),
        ("[server]\nport = 1.5", "fanq.toml:2: server.port: a float is no value of a setting"),
        ("[server]\nport = true", "fanq.toml:2: server.port: \"true\" is not a port number from 0 to 65535"),
        (
            "[server]\nallowed-hosts = [1]",
            "fanq.toml:2: server.allowed-hosts: every item of this list must be a string without commas",
        ),
    ] {
        check_error(&Case { file, ..NOTHING }, expected);
    }
    let broken = read(&Case { file: "[server]\nport = = 1", ..NOTHING }).unwrap_err().to_string();
    assert!(broken.starts_with("fanq.toml:2: "), "{broken}");
}

#[test]
fn what_is_wrong_in_the_environment_is_named() {
    for (environment, expected) in [
        (&[("FANQ_PORT", "x")][..], "FANQ_PORT: \"x\" is not a port number from 0 to 65535"),
        (&[("FANQ_STRICKT", "1")], "FANQ_STRICKT is not a known setting; did you mean FANQ_STRICT?"),
        (&[("FANQ_LOGS", "info")], "FANQ_LOGS is not a known setting; did you mean FANQ_LOG?"),
    ] {
        check_error(&Case { environment, ..NOTHING }, expected);
    }
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let environment = &[
        ("PATH", "/bin"),
        ("FANQ_LOG", "debug"),
        ("FANQ_CONFIG", "fanq.toml"),
        ("FANQ_REGION", ""),
        ("FANQ_PORT", "tcp://10.0.0.1:4566"),
        ("FANQ_SERVICE_HOST", "10.0.0.1"),
        ("FANQ_SERVICE_PORT", "4566"),
        ("FANQ_SERVICE_PORT_HTTP", "4566"),
        ("FANQ_PORT_4566_TCP", "tcp://10.0.0.1:4566"),
        ("FANQ_PORT_4566_TCP_ADDR", "10.0.0.1"),
        ("FANQ_CONSOLE_PORT_80_TCP_PROTO", "tcp"),
        ("FANQ_CONSOLE_PORT", "tcp://10.0.0.1:80"),
    ];
    check(&Case { environment, ..NOTHING }, &Settings::default());
}

#[test]
fn a_wrong_flag_is_named_and_a_lower_source_must_be_right_as_well() {
    let flags = &[("region", "US")];
    check_error(&Case { flags, ..NOTHING }, "--region: \"US\" is not a region such as us-east-1");
    let environment = &[("FANQ_REGION", "US")];
    let flags = &[("region", "us-east-1")];
    check_error(
        &Case { environment, flags, ..NOTHING },
        "FANQ_REGION: \"US\" is not a region such as us-east-1",
    );
}

#[test]
fn every_default_is_shown_in_the_form_in_which_it_is_read() {
    for setting in TABLE {
        let mut settings = Settings::default();
        let shown = (setting.default)();
        if !shown.is_empty() {
            setting.apply(&mut settings, &shown, Place::Flag(setting.name())).unwrap();
        }
        assert_eq!(settings, Settings::default(), "{}", setting.field);
    }
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let file = Some(PathBuf::from("/nowhere/fanq.toml"));
    let missing = load(&Sources { file, environment: Vec::new(), flags: None }).unwrap_err();
    assert!(matches!(missing, Error::Read { .. }));
    let environment = vec![("FANQ_CONFIG".into(), "/nowhere/else.toml".into())];
    let missing = load(&Sources { file: None, environment, flags: None }).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/else.toml"));
}
