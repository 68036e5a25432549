//! [`Number`]: numbers compared by value, wherever their text comes from.

use std::cmp::Ordering;

/// A number of a policy, an attribute, or a body.
///
/// The service promises numbers within ±10⁹ and five decimals: at most fifteen significant digits. Up to fifteen
/// digits, different decimals have different nearest binary64 values, in the same order; so within that promise
/// comparing those values *is* comparing the decimals. 64-bit integers, which identifiers tend to be, are exact as
/// well. Beyond both the nearest binary64 is compared, and from ±10³⁸ on all numbers of one sign are equal; no
/// number is refused, and none takes longer than its text is long.
///
/// Kept as the whole and the rest, both with the sign of the number, so that order is the order of the pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    whole: i128,
    rest: f64,
}

impl Number {
    /// The number that a text in decimal or scientific notation stands for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(integer) = text.parse::<i64>() {
            return Some(Self::from_integer(integer.into()));
        }
        if let Ok(integer) = text.parse::<u64>() {
            return Some(Self::from_integer(integer.into()));
        }
        // The standard library also reads "inf" and "nan", which are no numbers here.
        let decimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        if decimal { text.parse().ok().map(Self::from_real) } else { None }
    }

    const fn from_integer(whole: i128) -> Self {
        Self { whole, rest: 0.0 }
    }

    /// Splitting is exact: the rest of a division by one has no more digits than the number.
    fn from_real(real: f64) -> Self {
        let whole = real.trunc();
        let rest = if real.is_finite() { real - whole } else { 0.0 };
        // Adding zero turns the negative zero of -3.0 into the positive one. The cast saturates.
        Self { whole: whole as i128, rest: rest + 0.0 }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.whole.cmp(&other.whole).then_with(|| self.rest.total_cmp(&other.rest))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::Number;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_value_and_not_by_text() {
        for equal in [
            ["301.5", "3.015e2"],
            ["300", "300.0"],
            ["300", "3E+2"],
            ["-0", "0"],
            ["-0.0", "0e9"],
            ["0.1", "1e-1"],
            ["-3.25", "-325e-2"],
            ["18446744073709551615", "18446744073709551615"],
            ["1e400", "1e999999999999999999999"],
        ] {
            assert_eq!(number(equal[0]), number(equal[1]), "{equal:?}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ascending = [
            "-1e400",
            "-1e20",
            "-1000000000.00001",
            "-1e9",
            "-1.5",
            "-1.2",
            "-1",
            "-0.5",
            "-0.00001",
            "0",
            "1e-300",
            "0.00001",
            "0.3",
            "0.5",
            "1",
            "1.00001",
            "999999999.99998",
            "999999999.99999",
            "1e9",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551614",
            "18446744073709551615",
            "1e20",
            "1e400",
        ];
        for pair in ascending.windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_read_as_one() {
        for text in ["", "inf", "nan", "-Infinity", "1,5", "0x10", "e", "1e", " 1", "--1"] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn within_the_promised_range_order_is_that_of_exact_decimals(
            left in -100_000_000_000_000_i64..=100_000_000_000_000,
            right in -100_000_000_000_000_i64..=100_000_000_000_000,
        ) {
            let decimal = |scaled: i64| {
                let sign = if scaled < 0 { "-" } else { "" };
                format!("{sign}{}.{:05}", scaled.abs() / 100_000, scaled.abs() % 100_000)
            };
            prop_assert_eq!(number(&decimal(left)).cmp(&number(&decimal(right))), left.cmp(&right));
        }

        #[test]
        fn any_text_is_a_number_or_not(text in ".*") {
            let _ = Number::parse(&text);
        }
    }
}
