//! The tokens that lead from one page of a list to the next. A token holds the last thing shown, not a number, so
//! that nothing is shown twice or left out when the list changes meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The token for what comes behind `last`. `list` says what is listed, so that a token of one list means nothing to
/// another.
pub(crate) fn write(list: &str, last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list} {last}"))
}

/// What a token of that list holds.
pub(crate) fn read(list: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let last = text.strip_prefix(list)?.strip_prefix(' ')?;
    Some(last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_on_in_its_own_list() {
        let token = write("queue", "orders.fifo");
        assert_eq!(read("queue", &token).as_deref(), Some("orders.fifo"));
        assert_eq!(read("topic", &token), None);
        for text in ["", "x", "!", "orders", "cXVldWU", "cXVldWVvcmRlcnM"] {
            assert_eq!(read("queue", text), None, "{text}");
        }
    }
}
