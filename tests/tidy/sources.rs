//! Sizes of files, and what must not stand in code.

use crate::repository::{code, nothing_found, product_files, root, rust_files};

const FILE_LINES_MAX: usize = 500;

/// Files that are longer, with the reason.
const LONGER: [(&str, &str); 0] = [];

const ARCHITECTURE_LINES_MAX: usize = 300;

#[test]
fn a_file_past_500_lines_has_a_reason() {
    let mut found = Vec::new();
    for (name, text) in rust_files() {
        let lines = text.lines().count();
        let is_listed = LONGER.iter().any(|(listed, _)| *listed == name);
        if (lines > FILE_LINES_MAX) != is_listed {
            found.push(format!("{name}: {lines} lines"));
        }
    }
    nothing_found("a file past 500 lines holds two ideas, unless it is listed with a reason", &found);
}

#[test]
fn code_does_not_panic_by_hand() {
    const WORDS: [&str; 7] =
        [".unwrap()", ".expect(", "todo!(", "dbg!(", "unimplemented!(", "panic!(", "process::exit("];
    // A second signal ends the program at once, and so does the end of the hub that wants a checkpoint.
    const ALLOWED: [(&str, &str); 2] =
        [("hub/src/cli/serve.rs", "process::exit("), ("hub/src/storage/making.rs", "process::exit(")];
    let mut found = Vec::new();
    for (name, text) in product_files() {
        let code = code(&text);
        for (number, line) in code.lines().enumerate() {
            let words = WORDS.iter().filter(|word| line.contains(*word));
            let words = words.filter(|word| !ALLOWED.contains(&(name.as_str(), word)));
            found.extend(words.map(|word| format!("{name}:{}: {word}", number + 1)));
        }
    }
    nothing_found("no panic on any path that input, disk or network reaches", &found);
}

#[test]
fn lints_are_expected_with_a_reason_and_not_allowed() {
    let mut found = Vec::new();
    for (name, text) in rust_files() {
        let code = code(&text);
        // Inside a macro a lint may hold for one use and not for another.
        let allowed = code.lines().any(|line| line.contains("#[allow(") || line.contains("#![allow("));
        if allowed && !code.contains("macro_rules!") {
            found.push(name);
        }
    }
    nothing_found("#[expect(…, reason = …)] rather than #[allow]", &found);
}

#[test]
fn modules_are_files_beside_their_folders() {
    let names = rust_files().into_iter().map(|(name, _)| name);
    let found = names.filter(|name| name.ends_with("/mod.rs")).collect::<Vec<_>>();
    nothing_found("queue.rs beside queue/, no mod.rs", &found);
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    const NOTHING: [&str; 8] = ["utils", "util", "helpers", "common", "misc", "manager", "handler", "impl"];
    let names = rust_files().into_iter().map(|(name, _)| name);
    let says_nothing = |name: &String| {
        let parts = name.trim_end_matches(".rs").split('/');
        parts.into_iter().any(|part| NOTHING.contains(&part))
    };
    nothing_found("names say what is inside", &names.filter(says_nothing).collect::<Vec<_>>());
}

#[test]
fn no_test_sleeps() {
    // Polling for a condition with a deadline is in one place; so are the clients whose slowness is the point. The
    // program that measures looks at a disk that comes to rest.
    const WAITING: [&str; 3] = ["tests/src/hub.rs", "tests/conformance/hostile.rs", "tests/src/bin/scale.rs"];
    let mut found = Vec::new();
    for (name, text) in crate::repository::files() {
        let is_test = name.starts_with("tests/") && (name.ends_with(".rs") || name.ends_with(".py"));
        let sleeps =
            ["thread::sleep(", "tokio::time::sleep(", "time.sleep("].iter().any(|word| text.contains(word));
        if is_test && sleeps && !WAITING.contains(&name.as_str()) && !name.starts_with("tests/tidy/") {
            found.push(name);
        }
    }
    nothing_found("tests wait on conditions and turn the clock", &found);
}

#[test]
fn the_architecture_fits_in_300_lines() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.lines().count() <= ARCHITECTURE_LINES_MAX);
}

#[test]
fn the_first_two_commands_of_the_readme_exist() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let commands = text.split("```sh").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let commands = commands.lines().filter(|line| !line.trim().is_empty());
    let commands = commands.map(|line| line.split('#').next().unwrap().trim()).collect::<Vec<_>>();
    assert_eq!(commands, ["cargo run --release -- demo", "tests/run.sh"]);
    assert!(root().join("tests/run.sh").exists());
    let subcommands = std::fs::read_to_string(root().join("hub/src/cli.rs")).unwrap();
    assert!(subcommands.contains("demo"), "fanq demo exists");
}

#[test]
fn both_licences_are_there() {
    for (name, words) in
        [("LICENSE-MIT", "Permission is hereby granted"), ("LICENSE-APACHE", "Version 2.0, January 2004")]
    {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(text.contains(words), "{name}");
    }
}

#[test]
fn scripts_can_be_run_from_anywhere() {
    for name in ["tests/run.sh", "tests/bench.sh", ".ci/run"] {
        let path = root().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("#!/usr/bin/env bash\n"), "{name}");
        assert!(text.contains("set -euo pipefail"), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o111, 0o111, "{name} is executable");
        }
    }
}
