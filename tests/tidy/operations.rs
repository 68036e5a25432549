//! One operation, one file: named as AWS names it, with a link to AWS's page, and without a word of any protocol.

use crate::repository::{code, nothing_found, product_files};

/// Words of protocols and storage, which an operation does not know.
const FOREIGN: [&str; 8] =
    ["serde_json", "actix", "xml", "Xml", "http", "hyper", "crate::wire::json", "crate::storage"];

/// The files of operations: service, name of the file, text.
fn operations() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (name, text) in product_files() {
        let path = name.clone();
        let parts = path.split('/').collect::<Vec<_>>();
        let ["hub", "src", service @ ("sqs" | "sns" | "sts"), file] = parts.as_slice() else {
            continue;
        };
        // A file that declares no operation is shared by several.
        if text.contains("impl Operation for") {
            found.push(((*service).to_owned(), (*file).to_owned(), text));
        }
    }
    assert!(found.len() >= 35, "the operations are found: {}", found.len());
    found
}

/// `ReceiveMessage` from `receive_message.rs`.
fn in_camel_case(file: &str) -> String {
    let words = file.trim_end_matches(".rs").split('_');
    let capital = |word: &str| {
        if word == "sms" {
            return Some("SMS".to_owned());
        }
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
    };
    words.filter_map(capital).collect()
}

#[test]
fn an_operation_is_in_the_file_of_its_name() {
    let mut found = Vec::new();
    for (service, file, text) in operations() {
        let expected = in_camel_case(&file);
        let named = text.split_once("NAME: &'static str = \"").and_then(|(_, rest)| rest.split_once('"'));
        let named = named.map_or("none", |(named, _)| named);
        if named != expected {
            found.push(format!("hub/src/{service}/{file} holds {named}, not {expected}"));
        }
    }
    nothing_found("a file is named as AWS names its operation", &found);
}

#[test]
fn an_operation_links_to_its_page() {
    let mut found = Vec::new();
    for (service, file, text) in operations() {
        let guide = match service.as_str() {
            "sqs" => "AWSSimpleQueueService/latest/APIReference",
            "sns" => "sns/latest/api",
            _ => "STS/latest/APIReference",
        };
        let page = format!("https://docs.aws.amazon.com/{guide}/API_{}.html", in_camel_case(&file));
        let head = text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        if !head.contains(&page) {
            found.push(format!("hub/src/{service}/{file} does not begin with a link to {page}"));
        }
    }
    nothing_found("an operation links to its page at AWS", &found);
}

#[test]
fn an_operation_knows_no_protocol_and_no_storage() {
    let mut found = Vec::new();
    for (service, file, text) in operations() {
        let code = code(&text);
        let used = FOREIGN.iter().filter(|word| code.contains(*word));
        found.extend(used.map(|word| format!("hub/src/{service}/{file}: {word}")));
    }
    nothing_found("an operation contains no JSON, XML, HTTP or storage", &found);
}
