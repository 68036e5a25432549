//! What the documents promise.

use crate::repository::{files, nothing_found};

/// The text of a file of the repository.
fn document(name: &str) -> String {
    let found = files().into_iter().find(|(path, _)| path == name);
    found.unwrap_or_else(|| panic!("{name} is there")).1
}

#[test]
fn each_difference_from_aws_is_shown_by_a_test() {
    let guide = document("docs/migrating.md");
    let (_, section) = guide.split_once("\n## What differs from AWS\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect::<Vec<_>>();
    assert!(rows.len() > 5, "the table is there");
    let sources = files();
    let exists = |test: &str| {
        let names = [format!("fn {test}("), format!("def {test}(")];
        sources.iter().any(|(_, text)| names.iter().any(|name| text.contains(name)))
    };
    let shown = |row: &&str| {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let test = last.trim_matches('`');
        !test.is_empty() && exists(test)
    };
    let found = rows.into_iter().filter(|row| !shown(row)).map(str::to_owned).collect::<Vec<_>>();
    nothing_found("every difference from AWS is shown by a test", &found);
}

#[test]
fn metrics_that_documents_name_are_there() {
    let table = document("hub/src/metrics/table.rs");
    let families = table.lines().filter_map(|line| line.split_once(" = ")?.1.split_once(" \""));
    let families = families.filter_map(|(kind, rest)| Some((kind, rest.split_once('"')?.0)));
    let families = families.collect::<Vec<_>>();
    assert!(families.len() > 30, "the table is there");
    let exists = |name: &str| {
        let of_histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|part| name.strip_suffix(part));
        families
            .iter()
            .any(|(kind, family)| *family == name || *kind == "Histogram" && of_histogram == Some(*family))
    };
    // The crate of the client is called so, too.
    let exists = |name: &str| name == "fanq_client" || exists(name);
    let mut found = Vec::new();
    for (path, text) in files().iter().filter(|(path, _)| path.ends_with(".md")) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.filter(|word| word.starts_with("fanq_") && !word.ends_with('_') && !exists(word));
        found.extend(named.map(|name| format!("{path}: {name}")));
    }
    nothing_found("every metric that a document names is one of ours", &found);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let all = files();
    let anchors = |text: &str| {
        let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
        let slug = |heading: &str| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>()
        };
        headings.map(|heading| slug(heading).replace(' ', "-")).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for (name, text) in all.iter().filter(|(name, _)| name.ends_with(".md")) {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            let target = if path.is_empty() { name.clone() } else { resolved(folder, path) };
            let document = all.iter().find(|(path, _)| *path == target);
            if document
                .is_none_or(|(_, text)| !anchor.is_empty() && !anchors(text).iter().any(|it| it == anchor))
            {
                found.push(format!("{name}: {link}"));
            }
        }
    }
    nothing_found("links between documents lead somewhere", &found);
}

/// A path as seen from a folder.
fn resolved(folder: &str, path: &str) -> String {
    let mut parts = folder.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
