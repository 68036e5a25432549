//! The value of a message attribute as SQS and SNS take and give it.

use crate::content::{Attribute, Value};
use crate::wire::{Blob, Counted};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A list that must not be there. What is in it does not matter.
type Reserved = Counted<IgnoredAny, 0>;

/// Significant digits of a number.
const NUMBER_DIGITS: usize = 38;

/// The power of ten that the first digit of a number can stand for.
const NUMBER_MAGNITUDE: RangeInclusive<i64> = -128..=126;

/// The input and output shape `MessageAttributeValue`. What is missing or superfluous is for the operations to
/// judge, since SQS and SNS say it differently.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttributeValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<Blob>,
    /// Reserved by AWS; using it is an error.
    #[serde(default, skip_serializing)]
    pub(crate) string_list_values: Option<Reserved>,
    /// Reserved by AWS; using it is an error.
    #[serde(default, skip_serializing)]
    pub(crate) binary_list_values: Option<Reserved>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_type: Option<String>,
}

impl From<Attribute> for AttributeValue {
    fn from(attribute: Attribute) -> Self {
        let (string_value, binary_value) = match attribute.value {
            Value::Text(text) => (Some(text.into()), None),
            Value::Binary(bytes) => (None, Some(Blob(bytes.into_vec()))),
        };
        Self { string_value, binary_value, data_type: Some(attribute.data_type.into()), ..Self::default() }
    }
}

/// Whether a text is a decimal number of a size and precision that AWS keeps.
pub(crate) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
        None => (unsigned, Some(0)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let Some(exponent) =
        exponent.filter(|_| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    else {
        return false;
    };
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return true;
    }
    // The power of ten that the first significant digit stands for.
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let magnitude = length(whole) - (length(&digits) - length(significant)) - 1 + i64::from(exponent);
    significant.trim_end_matches('0').len() <= NUMBER_DIGITS && NUMBER_MAGNITUDE.contains(&magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_with_38_digits_at_most() {
        let digits_38 = "9".repeat(38);
        let digits_39 = "9".repeat(39);
        let zeros = format!("1{}", "0".repeat(126));
        let numbers = [
            "0", "-0.0", "5", "+5", "-1.50", ".5", "5.", "1e10", "1E-5", "1e126", "1e-128", "0e999",
            &digits_38, &zeros,
        ];
        for text in numbers {
            assert!(is_number(text), "{text}");
        }
        let too_large = format!("1{}", "0".repeat(127));
        let others = [
            "", "+", ".", "e5", "5e", "1e1.5", "1e127", "1e-129", "x", "1 ", "0x10", "NaN", "inf", "--1",
            "1_0", &digits_39, &too_large,
        ];
        for text in others {
            assert!(!is_number(text), "{text}");
        }
    }
}
