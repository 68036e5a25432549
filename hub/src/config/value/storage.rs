//! The settings of the store.

use std::path::PathBuf;
use std::time::Duration;

use super::{Shape, Value};
use crate::storage::store::Durability;

impl Value for PathBuf {
    const SHAPE: Shape = Shape::One("FOLDER");

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a folder".to_owned()) } else { Ok(Self::from(text)) }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// The longest that what was acknowledged may be missing from the disk.
const INTERVAL_MS_MAX: u64 = 60_000;

impl Value for Durability {
    const SHAPE: Shape = Shape::One("sync|interval:MS|none");

    fn parse(text: &str) -> Result<Self, String> {
        let interval = |text: &str| {
            let digits = text.strip_prefix("interval:").filter(|rest| !rest.starts_with('+'))?;
            digits.parse().ok().filter(|ms| (1..=INTERVAL_MS_MAX).contains(ms))
        };
        match text {
            "sync" => Ok(Self::Sync),
            "none" => Ok(Self::None),
            _ => match interval(text) {
                Some(ms) => Ok(Self::Interval(Duration::from_millis(ms))),
                None => Err(format!("sync, none, or interval: and milliseconds from 1 to {INTERVAL_MS_MAX}")),
            },
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Sync => "sync".to_owned(),
            Self::None => "none".to_owned(),
            Self::Interval(time) => format!("interval:{}", time.as_millis()),
        }
    }
}

/// A number of bytes, written with or without a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl ByteSize {
    fn read(text: &str) -> Option<Self> {
        let with_unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
        let (digits, unit) = with_unit.unwrap_or((text, 1));
        // A number alone could begin with a sign.
        let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u64>().ok()?.checked_mul(unit).map(Self)
    }
}

impl Value for ByteSize {
    const SHAPE: Shape = Shape::One("SIZE");

    fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| "a size such as 512MiB, 2GiB or 1000000".to_owned())
    }

    fn show(&self) -> String {
        let fits = |(_, bytes): &&(&str, u64)| self.0 >= *bytes && self.0.is_multiple_of(*bytes);
        match UNITS.iter().find(fits) {
            Some((unit, bytes)) => format!("{}{unit}", self.0 / bytes),
            None => self.0.to_string(),
        }
    }
}

impl Value for Option<ByteSize> {
    const SHAPE: Shape = ByteSize::SHAPE;

    fn parse(text: &str) -> Result<Self, String> {
        let size = ByteSize::read(text).filter(|size| size.0 > 0);
        size.map(Some).ok_or_else(|| "a size such as 512MiB, 2GiB or 1000000, and not 0".to_owned())
    }

    fn show(&self) -> String {
        self.as_ref().map(Value::show).unwrap_or_default()
    }
}
