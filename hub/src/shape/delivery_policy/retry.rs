//! The section of a delivery policy that says how a delivery is repeated.

use super::{Flaw, members, unexpected};
use crate::delivery::schedule::Schedule;
use serde_json::{Value, json};
use std::time::Duration;

/// All the delays before the retries of a delivery together are no longer.
const TOTAL_MAX: Duration = Duration::from_hours(1);

/// How a delivery is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retry {
    /// The shortest and the longest delay, in seconds; how many retries there are; how many of them come after the
    /// longest delay, at once, and after the shortest delay. The places are those of [`NUMBERS`].
    pub(crate) numbers: [u64; 6],
    pub(crate) backoff: Backoff,
}

/// How the delays between the shortest and the longest grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backoff {
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

const BACKOFFS: [Backoff; 4] =
    [Backoff::Linear, Backoff::Arithmetic, Backoff::Geometric, Backoff::Exponential];

/// A number of a policy.
pub(super) struct Number {
    name: &'static str,
    default: u64,
    minimum: u64,
    maximum: u64,
}

pub(super) const fn number(name: &'static str, default: u64, minimum: u64, maximum: u64) -> Number {
    Number { name, default, minimum, maximum }
}

/// In the order in which they are written.
const NUMBERS: [Number; 6] = [
    number("minDelayTarget", 20, 1, 3_600),
    number("maxDelayTarget", 20, 1, 3_600),
    number("numRetries", 3, 0, 100),
    number("numMaxDelayRetries", 0, 0, 100),
    number("numNoDelayRetries", 0, 0, 100),
    number("numMinDelayRetries", 0, 0, 100),
];

impl Default for Retry {
    fn default() -> Self {
        Self { numbers: NUMBERS.map(|number| number.default), backoff: Backoff::Linear }
    }
}

impl Retry {
    pub(super) fn read(policy: &Value, path: &str) -> Result<Self, Flaw> {
        let mut read = Self::default();
        for (name, value) in members(policy, path)? {
            let path = format!("{path}.{name}");
            let place = NUMBERS.iter().zip(&mut read.numbers).find(|(number, _)| number.name == name);
            if let Some((number, place)) = place {
                *place = within(value, number, &path)?;
            } else if name == "backoffFunction" {
                read.backoff = Backoff::read(value, &path)?;
            } else {
                return Err(unexpected(name));
            }
        }
        let [least, most, retries, at_most, without, at_least] = read.numbers;
        if least > most {
            return Err(format!("{path}.minDelayTarget must be less than or equal to maxDelayTarget"));
        }
        if at_most + without + at_least > retries {
            let phases = "the sum of numMaxDelayRetries, numNoDelayRetries and numMinDelayRetries";
            return Err(format!("{path}.numRetries must be greater than or equal to {phases}"));
        }
        if Schedule::of(&read).total() > TOTAL_MAX {
            let seconds = TOTAL_MAX.as_secs();
            return Err(format!("{path}: Total policy retry time cannot be greater than {seconds} seconds"));
        }
        Ok(read)
    }

    pub(super) fn json(&self) -> Value {
        let numbers =
            NUMBERS.iter().zip(self.numbers).map(|(number, value)| (number.name.to_owned(), json!(value)));
        let backoff = ("backoffFunction".to_owned(), json!(self.backoff.name()));
        Value::Object(numbers.chain([backoff]).collect())
    }
}

impl Backoff {
    fn read(value: &Value, path: &str) -> Result<Self, Flaw> {
        let known = BACKOFFS.into_iter().find(|backoff| value.as_str() == Some(backoff.name()));
        known.ok_or_else(|| format!("{path} must be one of {}", BACKOFFS.map(Self::name).join(", ")))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Arithmetic => "arithmetic",
            Self::Geometric => "geometric",
            Self::Exponential => "exponential",
        }
    }
}

pub(super) fn within(value: &Value, number: &Number, path: &str) -> Result<u64, Flaw> {
    if value.as_i64().is_some_and(|value| value < 0) {
        return Err(format!("{path} must be greater than or equal to {}", number.minimum));
    }
    match value.as_u64() {
        None => Err(format!("{path} must be an integer")),
        Some(value) if value < number.minimum => {
            Err(format!("{path} must be greater than or equal to {}", number.minimum))
        }
        Some(value) if value > number.maximum => {
            Err(format!("{path} must be less than or equal to {}", number.maximum))
        }
        Some(value) => Ok(value),
    }
}
