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
        Ok(listed) if listed.status.success() => {
            String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
        }
        Ok(_) | Err(_) => walk(&root, ""),
    };
    let read = |name: String| {
        // A file that is deleted but still tracked, or one that is no text, has nothing to say here.
        let text = std::fs::read_to_string(root.join(&name)).ok()?;
        Some((name, text))
    };
    let files = names.into_iter().filter_map(read).collect::<Vec<_>>();
    assert!(files.iter().any(|(name, _)| name == "Cargo.toml"), "the repository is found");
    files
}

fn walk(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if ["target", ".git", "node_modules", "__pycache__"].contains(&name.as_str())
            || name.starts_with(".venv")
        {
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
    files.into_iter().filter(|(name, _)| name.ends_with(".rs")).collect()
}

/// The sources that are more than tests: not of the tests, benches or examples, nor a module that only tests have.
pub(crate) fn product_files() -> Vec<(String, String)> {
    let all = rust_files();
    let only_in_tests = all.iter().flat_map(|(name, text)| test_modules(name, text)).collect::<Vec<_>>();
    let is_for_tests = |name: &str| {
        name.starts_with("tests/")
            || name.starts_with("examples/")
            || name.contains("/benches/")
            || only_in_tests
                .iter()
                .any(|module| name == format!("{module}.rs") || name.starts_with(&format!("{module}/")))
    };
    all.into_iter().filter(|(name, _)| !is_for_tests(name)).collect()
}

/// The modules that a source declares behind `#[cfg(test)]`, as paths without an ending.
fn test_modules(name: &str, text: &str) -> Vec<String> {
    let path = name.trim_end_matches(".rs");
    let folder = match path.rsplit_once('/') {
        Some((folder, "lib" | "main")) => folder,
        _ => path,
    };
    let mut found = Vec::new();
    let mut is_for_tests = false;
    for line in text.lines().map(str::trim) {
        if line == "#[cfg(test)]" {
            is_for_tests = true;
        } else if let Some(module) = line.split_once("mod ").and_then(|(_, rest)| rest.strip_suffix(';')) {
            if is_for_tests {
                found.push(format!("{folder}/{module}"));
            }
            is_for_tests = false;
        } else if !line.starts_with("#[") {
            is_for_tests = false;
        }
    }
    found
}

/// A source without its comments and without what is behind `#[cfg(test)]`; line numbers stay.
pub(crate) fn code(text: &str) -> String {
    let mut out = Vec::new();
    // The indentation of an item that only tests have, until it ends.
    let mut skipped: Option<String> = None;
    for line in text.lines() {
        let inside = line.trim_start();
        let indentation = line.strip_suffix(inside).unwrap_or_default();
        let ends = |own: &String| {
            indentation == own.as_str()
                && (inside.starts_with('}') || inside.ends_with(';') || inside.ends_with("},"))
        };
        if skipped.as_ref().is_some_and(ends) {
            skipped = None;
            out.push("");
        } else if skipped.is_some() || inside.starts_with("//") {
            out.push("");
        } else if inside.starts_with("#[cfg(test)]") {
            skipped = Some(indentation.to_owned());
            out.push("");
        } else {
            out.push(line);
        }
    }
    out.join("\n")
}

/// The manifest of a crate.
pub(crate) fn manifest(folder: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// The names in a table of dependencies.
pub(crate) fn dependencies(manifest: &toml::Table, table: &str) -> Vec<String> {
    let table = manifest.get(table).and_then(toml::Value::as_table);
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// Fails with all findings at once.
pub(crate) fn nothing_found(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}
