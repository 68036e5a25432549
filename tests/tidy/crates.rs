//! What crates may depend on, import and allow.

use crate::repository::{code, dependencies, manifest, nothing_found, product_files, root};

const CRATES: [&str; 6] = ["hub", "queue-core", "filters", "clients", "examples", "tests"];

/// The crates that are functions of their input, and all that they may depend on.
const PURE: [(&str, &[&str]); 2] = [("filters", &[]), ("queue-core", &[])];

/// What reaches outside of a pure crate, or differs from run to run.
const IMPURE: [&str; 18] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "ToSocketAddrs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::atomic",
    "HashMap",
    "HashSet",
    "async fn",
    "rand::",
    "getrandom",
];

#[test]
fn the_workspace_has_the_crates_that_it_names() {
    let workspace = manifest(".");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let members = members.iter().map(|member| member.as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(members, CRATES);
    assert!(root().join("Cargo.lock").exists(), "Cargo.lock is part of the sources");
}

#[test]
fn pure_crates_depend_on_nothing_else() {
    for (folder, allowed) in PURE {
        assert_eq!(dependencies(&manifest(folder), "dependencies"), allowed, "{folder}");
        assert_eq!(dependencies(&manifest(folder), "build-dependencies"), [] as [&str; 0], "{folder}");
    }
}

#[test]
fn pure_crates_import_nothing_impure() {
    let mut found = Vec::new();
    for (name, text) in product_files() {
        let is_pure = PURE.iter().any(|(folder, _)| name.starts_with(&format!("{folder}/src/")));
        if !is_pure {
            continue;
        }
        let code = code(&text);
        let used = IMPURE.iter().filter(|word| code.contains(*word));
        found.extend(used.map(|word| format!("{name}: {word}")));
    }
    nothing_found("pure crates see no clock, entropy, input, output, lock or random order", &found);
}

#[test]
fn pure_crates_and_the_client_forbid_unsafe_code() {
    for folder in ["filters", "queue-core", "clients"] {
        let text = std::fs::read_to_string(root().join(folder).join("src/lib.rs")).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{folder}");
    }
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    for folder in CRATES {
        let inherits = manifest(folder).get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        assert_eq!(inherits, Some(true), "{folder}");
    }
    let lints = manifest(".");
    assert_eq!(lints["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
}

#[test]
fn the_sdks_of_aws_are_for_development_alone() {
    for folder in CRATES {
        let manifest = manifest(folder);
        for table in ["dependencies", "build-dependencies"] {
            let found = dependencies(&manifest, table);
            assert!(!found.iter().any(|name| name.starts_with("aws-sdk")), "{folder}: {found:?}");
        }
    }
}

#[test]
fn the_core_does_not_know_the_hub() {
    for (folder, forbidden) in [
        ("queue-core", ["hub", "filters", "fanq"].as_slice()),
        ("filters", &["hub", "queue-core", "fanq"]),
        ("clients", &["hub", "fanq"]),
    ] {
        let found = dependencies(&manifest(folder), "dependencies");
        assert!(!found.iter().any(|name| forbidden.contains(&name.as_str())), "{folder}: {found:?}");
    }
}

#[test]
fn what_is_banned_is_not_locked() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    for package in lock["package"].as_array().unwrap() {
        let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        let is_old_h2 = name == "h2" && version.starts_with("0.3");
        assert!(!["openssl", "openssl-sys", "rsa"].contains(&name) && !is_old_h2, "{name} {version}");
        // Locked but never built: a feature of this one names ring only in case that something else wants it.
        if name != "rustls-webpki" {
            let needed = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
            let needed = needed.filter_map(toml::Value::as_str).any(|needed| needed == "ring");
            assert!(!needed, "{name} {version} needs ring");
        }
    }
}
