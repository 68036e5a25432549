//! The files of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files that are tracked or could be, as paths from the root with their text. Without git, as in an archive of
/// the sources, all files outside of folders that are built.
pub(crate) fn files() -> Vec<(String, String)> {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .output();
    let names = match listed {
        Ok(listed) if listed.status.success() => String::from_utf8(listed.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect(),
        Ok(_) | Err(_) => walk(&root, ""),
    };
    let read = |name: String| {
        // A file that is deleted but still tracked, or one that is no text, has nothing to say here.
        let text = std::fs::read_to_string(root.join(&name)).ok()?;
        Some((name, text))
    };
    let files = names.into_iter().filter_map(read).collect::<Vec<_>>();
    assert!(
        files.iter().any(|(name, _)| name == "Cargo.toml"),
        "the repository is found"
    );
    files
}

fn walk(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if ["target", ".git", ".venv", "node_modules", "__pycache__"].contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            found.extend(walk(&entry.path(), &format!("{path}/")));
        } else {
            found.push(path);
        }
    }
    found
}

/// The Rust sources among them.
pub(crate) fn rust_files() -> Vec<(String, String)> {
    let files = files();
    files
        .into_iter()
        .filter(|(name, _)| name.ends_with(".rs"))
        .collect()
}

/// Whether a source is only for tests: of the tests, of the examples, or a module of tests beside what it tests.
pub(crate) fn is_for_tests(name: &str) -> bool {
    name.starts_with("tests/")
        || name.starts_with("examples/")
        || name.ends_with("/tests.rs")
        || name.contains("/tests/")
        || name.contains("/benches/")
}

/// The part of a source before its own tests, without comments.
pub(crate) fn code(text: &str) -> String {
    let before = text.split("#[cfg(test)]").next().unwrap_or(text);
    let lines = before
        .lines()
        .map(|line| match line.trim_start().starts_with("//") {
            true => "",
            false => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// The manifest of a crate.
pub(crate) fn manifest(folder: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// The names in a table of dependencies.
pub(crate) fn dependencies(manifest: &toml::Table, table: &str) -> Vec<String> {
    let table = manifest.get(table).and_then(toml::Value::as_table);
    table
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}

/// Fails with all findings at once.
pub(crate) fn nothing_found(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}
