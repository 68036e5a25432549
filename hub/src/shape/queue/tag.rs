//! The tags of a queue.

use super::limits;
use crate::wire::{Code, Fault, Pairs};
use queue_core::Tags;

/// What the keys of tags that AWS itself makes begin with.
const RESERVED: &str = "aws:";

/// Adds tags to those of a queue.
pub(crate) fn add(tags: &Tags, added: &Pairs<String>, queue: &str) -> Result<Tags, Fault> {
    let mut all = tags.clone();
    for (key, value) in &added.0 {
        check_key(key)?;
        if !limits::TAG_VALUE.contains(&value.chars().count()) {
            return Err(invalid("Tag values must be between 0 and 256 characters in length."));
        }
        if is_reserved(key) {
            return Err(invalid("Tag keys cannot start with the reserved prefix aws:."));
        }
        all.insert(key.as_str().into(), value.as_str().into());
    }
    if all.len() > limits::TAGS {
        let message = format!("Too many tags added for queue {queue}.");
        return Err(Fault::new(Code::InvalidParameterValue, message));
    }
    Ok(all)
}

/// Whether only AWS itself makes tags with such a key.
pub(crate) fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
}

pub(crate) fn check_key(key: &str) -> Result<(), Fault> {
    let fits = limits::TAG_KEY.contains(&key.chars().count());
    if fits { Ok(()) } else { Err(bad_key()) }
}

/// What is said of a key that is empty or too long, and of a list without keys.
pub(crate) fn bad_key() -> Fault {
    invalid("Tag keys must be between 1 and 128 characters in length.")
}

fn invalid(text: &'static str) -> Fault {
    Fault::new(Code::InvalidParameterValue, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_limits() {
        let tags = |count: usize| Pairs((0..count).map(|at| (format!("k{at}"), String::new())).collect());
        let one = |key: &str, value: &str| Pairs(vec![(key.to_owned(), value.to_owned())]);
        let cases = [
            (tags(50), true),
            (tags(51), false),
            (one(&"ä".repeat(128), &"ä".repeat(256)), true),
            (one(&"k".repeat(129), ""), false),
            (one("k", &"v".repeat(257)), false),
            (one("", "v"), false),
            (one("AWS:k", "v"), false),
            (one("aws", "v"), true),
        ];
        for (added, expected) in cases {
            assert_eq!(add(&Tags::new(), &added, "orders").is_ok(), expected, "{added:?}");
        }
        let full = add(&Tags::new(), &tags(50), "orders").unwrap();
        assert_eq!(
            add(&full, &one("k7", "new"), "orders").unwrap().get("k7").map(|value| &**value),
            Some("new")
        );
        let fault = add(&full, &one("another", ""), "orders").unwrap_err();
        assert_eq!(fault.message(), "Too many tags added for queue orders.");
    }
}
