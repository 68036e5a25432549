//! Lists of topics and subscriptions come in pages. What leads from one to the next is the last thing shown, not a
//! number, so that nothing is shown twice or left out when the list changes meanwhile.

use crate::wire::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use queue_core::SubscriptionId;

/// How much one page holds.
const PAGE: usize = 100;

/// How much to look for: one more than a page holds, to know whether another one follows.
pub(crate) const LOOKED_FOR: usize = PAGE + 1;

/// Something that a page can end with.
pub(crate) trait Mark: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

/// The name of a topic.
impl Mark for Box<str> {
    fn write(&self) -> String {
        format!("topic {self}")
    }

    fn read(text: &str) -> Option<Self> {
        text.strip_prefix("topic ").map(Into::into)
    }
}

impl Mark for SubscriptionId {
    fn write(&self) -> String {
        format!("subscription {}", self.0)
    }

    fn read(text: &str) -> Option<Self> {
        text.strip_prefix("subscription ")?.parse().ok().map(Self)
    }
}

/// Where the page of this token begins: behind this; with the first thing if there is no token.
pub(crate) fn after<M: Mark>(token: Option<&str>) -> Result<Option<M>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let text = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let mark = text.and_then(|text| M::read(&text));
    mark.map(Some)
        .ok_or_else(|| Fault::invalid_parameter("NextToken"))
}

/// Cuts what was found to a page; gives the token of the next one, if there is one.
pub(crate) fn cut<T, M: Mark>(found: &mut Vec<T>, mark: impl FnOnce(&T) -> M) -> Option<String> {
    if found.len() <= PAGE {
        return None;
    }
    found.truncate(PAGE);
    found
        .last()
        .map(|last| URL_SAFE_NO_PAD.encode(mark(last).write()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_next_one_begins() {
        let mut found: Vec<u64> = (1..=101).collect();
        let token = cut(&mut found, |number| SubscriptionId(*number)).unwrap();
        assert_eq!(found.len(), 100);
        assert_eq!(after(Some(&token)).unwrap(), Some(SubscriptionId(100)));
        assert_eq!(cut(&mut found, |number| SubscriptionId(*number)), None);
    }

    #[test]
    fn a_token_that_was_not_given_for_this_list_is_refused() {
        assert_eq!(after::<Box<str>>(None).unwrap(), None);
        assert_eq!(after::<Box<str>>(Some("")).unwrap(), None);
        let of_other_list = URL_SAFE_NO_PAD.encode(SubscriptionId(7).write());
        for token in ["?", "AAAA", &of_other_list] {
            assert_eq!(
                after::<Box<str>>(Some(token)).unwrap_err().message(),
                "Invalid parameter: NextToken"
            );
        }
    }
}
