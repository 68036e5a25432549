//! Which member of a priority queue a message asks for.

use crate::content::{Attribute, Value};

/// The message attribute that names a member, or says its level.
pub(crate) const ATTRIBUTE: &str = "Priority";

/// What the message asks for, if it does: the text of the attribute, be it a String or a Number. Nobody can be asked for
/// in binary.
pub(crate) fn asked(attributes: &[Attribute]) -> Option<&str> {
    let attribute = attributes.iter().find(|attribute| *attribute.name == *ATTRIBUTE)?;
    match &attribute.value {
        Value::Text(text) => Some(text),
        // No member has such a name.
        Value::Binary(_) => Some(""),
    }
}
