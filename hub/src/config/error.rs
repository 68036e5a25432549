//! What can be wrong with settings; each text says where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{place}: {text:?} is not {expected}")]
    Invalid { place: Place, text: String, expected: String },
    #[error("{place} is not a known setting{}", Suggestion(.suggestion.as_deref()))]
    Unknown { place: Place, suggestion: Option<String> },
    #[error("{place} is reserved for a later version of fanq and cannot be used yet")]
    Reserved { place: Place },
    #[error("{place}: {message}")]
    Syntax { place: Place, message: String },
    #[error("cannot read the settings in {}: {source}", .file.display())]
    Read { file: PathBuf, source: io::Error },
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Flag(String),
    Environment(String),
    /// A key of a file, or the line itself where there is none.
    File {
        file: PathBuf,
        line: usize,
        key: Option<String>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(out, "--{name}"),
            Self::Environment(variable) => out.write_str(variable),
            Self::File { file, line, key: Some(key) } => write!(out, "{}:{line}: {key}", file.display()),
            Self::File { file, line, key: None } => write!(out, "{}:{line}", file.display()),
        }
    }
}

struct Suggestion<'a>(Option<&'a str>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(out, "; did you mean {name}?"),
            None => Ok(()),
        }
    }
}
