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
