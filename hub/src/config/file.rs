//! Settings from a TOML file, with the line of whatever is wrong.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Error, Place};
use super::{Setting, TABLE, suggest};

/// The table whose keys are the settings of `fanq serve`, but for those that have tables of their own.
pub(super) const SERVER: &str = "server";
/// The table of deliveries over HTTP. Its keys can be written with underscores as well.
pub(super) const PUSH: &str = "push";

/// Tables that later versions will read. Saying so beats calling them unknown.
const RESERVED: [&str; 8] =
    ["limits", "storage", "auth", "resources", "console", "telemetry", "cluster", "schemas"];

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
        if ![SERVER, PUSH].contains(&name) {
            return Err(unknown_at_top(name, |name| place(key.span(), Some(name))));
        }
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("{name} is a table: write [{name}]");
            return Err(Error::Syntax { place: place(key.span(), None), message });
        };
        for (key, value) in table {
            let place = place(key.span(), Some(format!("{name}.{}", key.get_ref())));
            let setting = match find(name, key.get_ref()) {
                Ok(setting) => setting,
                Err(suggestion) => return Err(Error::Unknown { place, suggestion }),
            };
            let value = as_text(value).map_err(|message| Error::Syntax { place: place.clone(), message })?;
            found.push((setting, value, place));
        }
    }
    Ok(found)
}

/// The setting of a key in a table, or a key that was probably meant.
fn find(table: &str, key: &str) -> Result<&'static Setting, Option<String>> {
    let written = if table == PUSH { key.replace('_', "-") } else { key.to_owned() };
    let places = TABLE.iter().map(|setting| (setting, setting.place_in_file()));
    let here: Vec<_> = places.filter(|(_, (of, _))| *of == table).collect();
    let found = here.iter().find(|(_, (_, known))| *known == written).map(|(setting, _)| *setting);
    found.ok_or_else(|| suggest(key, here.iter().map(|(_, (_, known))| known.as_str())))
}

/// A key outside of a table is often a setting whose table was forgotten.
fn unknown_at_top(name: &str, place: impl Fn(String) -> Place) -> Error {
    let in_table = find(SERVER, name).map_or_else(|suggestion| suggestion, |known| Some(known.name()));
    let in_table = in_table.map(|known| format!("{known} in [{SERVER}]"));
    let table = suggest(name, [SERVER, PUSH].into_iter()).map(|known| format!("[{known}]"));
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
