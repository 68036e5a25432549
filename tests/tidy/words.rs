//! Words that have no place in what is published: paths of one machine, and those who happened to write a line.

use crate::repository::{files, nothing_found};

/// In pieces, so that this file does not contain them.
fn forbidden() -> Vec<String> {
    [
        ["/wo", "rk/"],
        ["/ho", "me/"],
        ["/ro", "ot/"],
        ["/tmp/tar", "get"],
        ["agent", " session"],
        ["language", " model"],
        ["registry.", "npmjs.org"],
        ["index.", "crates.io"],
        ["files.", "pythonhosted.org"],
        ["pypi.", "org"],
        ["Co-Authored", "-By"],
    ]
    .into_iter()
    .map(|parts| parts.concat().to_lowercase())
    .collect()
}

#[test]
fn no_file_speaks_of_machines_or_registries() {
    let forbidden = forbidden();
    let mut found = Vec::new();
    for (name, text) in files() {
        // What cargo writes names the registry of each package.
        if name == "Cargo.lock" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let words = forbidden.iter().filter(|word| line.contains(*word));
            found.extend(words.map(|word| format!("{name}:{}: {word}", number + 1)));
        }
    }
    nothing_found("published files name no machine, registry or session", &found);
}

#[test]
fn files_end_with_a_line_and_lines_with_a_letter() {
    let mut found = Vec::new();
    for (name, text) in files() {
        let is_ours =
            [".rs", ".py", ".js", ".tf", ".md", ".toml", ".sh", ".yml"].iter().any(|end| name.ends_with(end));
        if is_ours
            && !text.is_empty()
            && (!text.ends_with('\n') || text.lines().any(|line| line != line.trim_end()))
        {
            found.push(name);
        }
    }
    nothing_found("files end with one line end, and no line with spaces", &found);
}
