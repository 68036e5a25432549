//! The language of timetables.

use super::outcome::Item;
use super::world::START;
use crate::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// One line of a timetable.
pub(super) struct Line<'a> {
    /// As it was written.
    pub(super) text: &'a str,
    /// When; nothing if it belongs to the entry of the line before.
    pub(super) time: Option<Timestamp>,
    /// What is to be done.
    pub(super) verb: String,
    /// To what.
    pub(super) object: String,
    /// The rest, in parts that commas separate.
    pub(super) parts: Vec<Part>,
    /// What it leads to, if that matters.
    pub(super) expected: Option<Vec<Item>>,
}

/// Part of a command: texts in quotes, plain words, and settings.
#[derive(Default)]
pub(super) struct Part {
    pub(super) texts: Vec<String>,
    pub(super) words: Vec<String>,
    pub(super) settings: BTreeMap<String, String>,
}

pub(super) fn lines(timetable: &str) -> impl Iterator<Item = Line<'_>> {
    timetable
        .lines()
        .map(|line| line.split("//").next().unwrap().trim())
        .filter(|line| !line.is_empty())
        .map(parse)
}

fn parse(text: &str) -> Line<'_> {
    let (command, expected) = match text.split_once('→') {
        Some((command, expected)) => (command, Some(items(expected))),
        None => (text, None),
    };
    let (time, command) = command.trim().split_once(char::is_whitespace).expect(text);
    let time = (time != "and").then(|| START.after(duration(time)));
    let command = command.trim();
    let (verb, command) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let command = command.trim();
    let (object, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    Line {
        text,
        time,
        verb: verb.to_owned(),
        object: object.to_owned(),
        parts: split(rest, ',').iter().map(|part| Part::parse(part)).collect(),
        expected,
    }
}

impl Part {
    fn parse(text: &str) -> Self {
        let mut part = Self::default();
        for word in split(text, ' ').iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
            if let Some(text) = word.strip_prefix('\'') {
                part.texts.push(text.trim_end_matches('\'').to_owned());
            } else if let Some((key, value)) = word.split_once('=') {
                part.settings.insert(key.to_owned(), value.to_owned());
            } else {
                part.words.push(word.to_owned());
            }
        }
        part
    }

    pub(super) fn text(&self) -> &str {
        self.texts.first().map_or("", String::as_str)
    }

    pub(super) fn says(&self, word: &str) -> bool {
        self.words.iter().any(|said| said == word)
    }

    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.setting(key).map(duration)
    }

    pub(super) fn number(&self, key: &str) -> Option<u32> {
        self.setting(key).map(|value| value.parse().expect(value))
    }
}

/// What stands between separators that are neither in quotes nor in parentheses.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut depth) = (false, 0);
    for letter in text.chars() {
        match letter {
            '\'' => quoted = !quoted,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if letter == separator && !quoted && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(letter);
        }
    }
    parts
}

fn items(text: &str) -> Vec<Item> {
    let text = text.trim();
    if text == "nothing" {
        return Vec::new();
    }
    let item = |text: &String| {
        let (name, facts) = text.trim().split_once('(').unwrap_or((text.trim(), ""));
        Item {
            name: name.trim().to_owned(),
            facts: split(facts.trim_end_matches(')'), ',')
                .iter()
                .map(|fact| fact.trim().to_owned())
                .filter(|fact| !fact.is_empty())
                .collect(),
        }
    };
    split(text, ',').iter().map(item).collect()
}

/// A time span such as `1500ms`, `30s`, `5m`, `12h`, `4d`, or `forever`.
pub(super) fn duration(text: &str) -> Duration {
    if text == "forever" {
        return Duration::from_millis(u64::MAX);
    }
    let digits = text.trim_end_matches(char::is_alphabetic);
    let value: u64 = digits.parse().expect(text);
    match &text[digits.len()..] {
        "ms" => Duration::from_millis(value),
        "s" => Duration::from_secs(value),
        "m" => Duration::from_secs(value * 60),
        "h" => Duration::from_secs(value * 3_600),
        "d" => Duration::from_secs(value * 86_400),
        unit => panic!("{text}: no such unit: {unit}"),
    }
}

/// A moment as timetables write it.
pub(super) fn moment(at: Timestamp) -> String {
    if at < START {
        return "at once".to_owned();
    }
    if at == Timestamp(u64::MAX) {
        return "never".to_owned();
    }
    let milliseconds = at.since(START).as_millis();
    if milliseconds.is_multiple_of(1_000) {
        format!("{}s", milliseconds / 1_000)
    } else {
        format!("{milliseconds}ms")
    }
}
