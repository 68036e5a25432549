//! Settings from a TOML file, with the line of whatever is wrong.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Error, Place};
use super::{Setting, TABLE, suggest};

/// The table whose keys are the settings of `fanq serve`.
const SERVER: &str = "server";

/// Tables that later versions will read. Saying so beats calling them unknown.
const RESERVED: [&str; 9] =
    ["limits", "storage", "auth", "push", "resources", "console", "telemetry", "cluster", "schemas"];

/// The settings in the text of a file, each as text with the place where it stands.
pub(super) fn read(file: &Path, text: &str) -> Result<Vec<(&'static Setting, String, Place)>, Error> {
    let place = |span: Range<usize>, key: Option<String>| Place::File {
        file: file.to_owned(),
        line: line_of(text, span.start),
        key,
    };
    let document = DeTable::parse(text).map_err(|error| Error::Syntax {
        place: place(error.span().unwrap_or_default(), None),
        message: error.message().to_owned(),
    })?;
    let mut found = Vec::new();
    for (key, value) in document.get_ref() {
        let name: &str = key.get_ref();
        if RESERVED.contains(&name) {
            return Err(Error::Reserved { place: place(key.span(), Some(format!("[{name}]"))) });
        }
        if name != SERVER {
            return Err(unknown_at_top(name, |name| place(key.span(), Some(name))));
        }
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("{SERVER} is a table: write [{SERVER}]");
            return Err(Error::Syntax { place: place(key.span(), None), message });
        };
        for (key, value) in table {
            let name: &str = key.get_ref();
            let place = place(key.span(), Some(format!("{SERVER}.{name}")));
            let Some(setting) = TABLE.iter().find(|setting| setting.name() == name) else {
                let known = TABLE.iter().map(Setting::name).collect::<Vec<_>>();
                let suggestion = suggest(name, known.iter().map(String::as_str));
                return Err(Error::Unknown { place, suggestion });
            };
            let value = as_text(value).map_err(|message| Error::Syntax { place: place.clone(), message })?;
            found.push((setting, value, place));
        }
    }
    Ok(found)
}

/// A key outside of a table is often a setting whose table was forgotten.
fn unknown_at_top(name: &str, place: impl Fn(String) -> Place) -> Error {
    let known = TABLE.iter().map(Setting::name).collect::<Vec<_>>();
    let in_table =
        suggest(name, known.iter().map(String::as_str)).map(|known| format!("{known} in [{SERVER}]"));
    let table = suggest(name, [SERVER].into_iter()).map(|known| format!("[{known}]"));
    Error::Unknown { place: place(name.to_owned()), suggestion: in_table.or(table) }
}

/// A value as a flag would have it. Arrays become lists with commas.
fn as_text(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(integer) => Ok(integer.to_string()),
        DeValue::Boolean(boolean) => Ok(boolean.to_string()),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) if !text.contains(',') => Ok(text.to_string()),
                _ => Err("every item of this list must be a string without commas".to_owned()),
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join(","))
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            Err(format!("a {} is no value of a setting", value.get_ref().type_str()))
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
