//! The parameter `QueueName` where it is to become the name of a queue.

use super::limits;
use crate::wire::{Code, Fault};

/// How the name of a FIFO queue ends.
const FIFO: &str = ".fifo";

/// Checks the name of a queue that is, or is not, to be a FIFO queue.
pub(crate) fn check(name: &str, fifo: bool) -> Result<(), Fault> {
    let stem = if fifo { name.strip_suffix(FIFO) } else { Some(name) };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = |stem: &str| !stem.is_empty() && stem.bytes().all(is_allowed);
    if name.is_empty() {
        Err(invalid("Queue name cannot be empty"))
    } else if limits::NAME.contains(&name.len()) && stem.is_some_and(fits) {
        Ok(())
    } else if fifo {
        Err(invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
             with .fifo suffix and be 1 to 80 in length",
        ))
    } else {
        Err(invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"))
    }
}

/// What is said of a name that is not there.
pub(crate) fn missing() -> Fault {
    invalid("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
}

fn invalid(text: &'static str) -> Fault {
    Fault::new(Code::InvalidParameterValue, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_form_of_its_kind() {
        let (longest, too_long) = ("a".repeat(80), "a".repeat(81));
        let (longest_fifo, too_long_fifo) =
            (format!("{}.fifo", "a".repeat(75)), format!("{}.fifo", "a".repeat(76)));
        let cases = [
            ("orders", false, true),
            ("Orders_1-2", false, true),
            (&longest, false, true),
            (&too_long, false, false),
            ("", false, false),
            ("orders.fifo", false, false),
            ("ord ers", false, false),
            ("orders.", false, false),
            ("größe", false, false),
            ("orders.fifo", true, true),
            (&longest_fifo, true, true),
            (&too_long_fifo, true, false),
            ("orders", true, false),
            (".fifo", true, false),
            ("or.ders.fifo", true, false),
        ];
        for (name, fifo, expected) in cases {
            assert_eq!(check(name, fifo).is_ok(), expected, "{name} {fifo}");
        }
    }
}
