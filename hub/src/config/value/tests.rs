use super::*;

/// `Some(text)`: read, and shown again as that text. `None`: refused.
fn check<T: Value>(cases: &[(&str, Option<&str>)]) {
    for (text, expected) in cases {
        let shown = T::parse(text).ok().map(|value| value.show());
        assert_eq!(shown.as_deref(), *expected, "{text:?}");
    }
}

#[test]
fn a_region_is_lower_case_words_joined_by_hyphens() {
    check::<Region>(&[
        ("us-east-1", Some("us-east-1")),
        ("us-gov-west-1", Some("us-gov-west-1")),
        ("local", Some("local")),
        ("", None),
        ("US-EAST-1", None),
        ("us--east", None),
        ("us-east-", None),
        ("1-us", None),
        ("us east", None),
        ("us:east", None),
        ("a-region-name-that-is-far-too-long", None),
    ]);
}

#[test]
fn a_public_url_is_scheme_host_and_port_only() {
    check::<Option<PublicUrl>>(&[
        ("http://hub:4566", Some("http://hub:4566")),
        ("https://Hub.example.com/", Some("https://hub.example.com")),
        ("https://[::1]:8443", Some("https://[::1]:8443")),
        ("hub:4566", None),
        ("ftp://hub", None),
        ("http://", None),
        ("http://hub/path", None),
        ("http://hub//", None),
        ("http://hub?x=1", None),
        ("http://user@hub", None),
        ("", None),
    ]);
}

#[test]
fn origins_are_kept_as_browsers_send_them() {
    check::<Vec<CorsOrigin>>(&[
        ("*", Some("*")),
        ("http://localhost:3000", Some("http://localhost:3000")),
        ("HTTPS://Example.com:443/, http://b:80", Some("https://example.com,http://b")),
        ("chrome-extension://abcdef", Some("chrome-extension://abcdef")),
        ("", Some("")),
        ("example.com", None),
        ("https://example.com/path", None),
        ("://example.com", None),
    ]);
}

#[test]
fn allowed_hosts_are_names_addresses_and_patterns() {
    check::<Vec<HostPattern>>(&[
        ("Hub.example.com,*.example.org , 10.0.0.7", Some("hub.example.com,*.example.org,10.0.0.7")),
        ("*", None),
        ("*.", None),
        ("*.10.0.0.7", None),
        ("hub.example.com:4566", None),
        ("a*.example.com", None),
    ]);
}

#[test]
fn a_switch_is_true_or_false() {
    check::<bool>(&[("true", Some("true")), ("0", Some("false")), ("on", None), ("", None)]);
    check::<u16>(&[("0", Some("0")), ("65535", Some("65535")), ("65536", None), ("-1", None), ("", None)]);
    check::<Count>(&[
        ("0", Some("0")),
        ("1000", Some("1000")),
        ("4294967296", None),
        ("1k", None),
        ("", None),
    ]);
}

#[test]
fn a_name_is_under_its_parents_and_not_under_itself() {
    for (name, parent, expected) in [
        ("a.example.com", "example.com", true),
        ("a.b.example.com", "example.com", true),
        ("example.com", "example.com", false),
        ("badexample.com", "example.com", false),
        ("com", "example.com", false),
    ] {
        assert_eq!(is_under(name, parent), expected, "{name} under {parent}");
    }
}

#[test]
fn a_size_has_a_unit_or_is_in_bytes() {
    for (text, expected) in [
        ("512MiB", Some("512MiB")),
        ("2GiB", Some("2GiB")),
        ("1024KiB", Some("1MiB")),
        ("1TiB", Some("1TiB")),
        ("1000000", Some("1000000")),
        ("2048", Some("2KiB")),
        ("", None),
        ("MiB", None),
        ("+1MiB", None),
        ("-1", None),
        ("1.5GiB", None),
        ("1 GiB", None),
        ("1GB", None),
        ("99999999999TiB", None),
    ] {
        check::<ByteSize>(&[(text, expected)]);
        check::<Option<ByteSize>>(&[(text, expected)]);
    }
    check::<ByteSize>(&[("0", Some("0"))]);
    check::<Option<ByteSize>>(&[("0", None), ("0MiB", None)]);
}

#[test]
fn durability_is_of_three_kinds() {
    check::<crate::storage::store::Durability>(&[
        ("sync", Some("sync")),
        ("none", Some("none")),
        ("interval:1", Some("interval:1")),
        ("interval:60000", Some("interval:60000")),
        ("interval:0", None),
        ("interval:60001", None),
        ("interval:+5", None),
        ("interval", None),
        ("interval:5ms", None),
        ("always", None),
        ("", None),
    ]);
}

#[test]
fn a_folder_has_a_name() {
    check::<std::path::PathBuf>(&[
        ("./fanq-data", Some("./fanq-data")),
        ("/var/lib/fanq", Some("/var/lib/fanq")),
        ("", None),
    ]);
}

#[test]
fn a_mail_server_is_a_url_of_smtp() {
    check::<Option<SmtpUrl>>(&[
        ("smtp://localhost:1025", Some("smtp://localhost:1025")),
        (
            "smtp://user:p%40ss@mail.example.com?tls=required",
            Some("smtp://user:p%40ss@mail.example.com?tls=required"),
        ),
        ("smtps://[::1]", Some("smtps://[::1]")),
        ("mail.example.com:25", None),
        ("http://mail.example.com", None),
        ("smtp://", None),
        ("smtp://host:port", None),
        ("smtp://host?tls=maybe", None),
        ("smtps://host?tls=required", None),
        ("smtp://host?tsl=required", None),
        ("", None),
    ]);
}

#[test]
fn a_sender_is_an_address_with_a_name_or_without() {
    check::<Option<lettre::message::Mailbox>>(&[
        ("hub@example.com", Some("hub@example.com")),
        ("The hub <hub@example.com>", Some("The hub <hub@example.com>")),
        ("hub", None),
        ("a@example.com, b@example.com", None),
        ("", None),
    ]);
}

#[test]
fn addresses_stand_alone_or_in_blocks() {
    check::<Vec<filters::Cidr>>(&[
        ("10.0.0.0/8, fd00::/8", Some("10.0.0.0/8,fd00::/8")),
        ("192.168.1.7,::1", Some("192.168.1.7/32,::1/128")),
        ("", Some("")),
        ("10.0.0.0/33", None),
        ("10.0.0/8", None),
        ("localhost", None),
    ]);
}
