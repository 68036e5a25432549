//! Lists of topics and subscriptions come in pages.

use crate::shape::token;
use crate::shape::topic::limits;
use crate::wire::Fault;
use queue_core::SubscriptionId;

/// How much to look for: one more than a page holds, to know whether another one follows.
pub(crate) const LOOKED_FOR: usize = limits::PAGE + 1;

/// Something that a page can end with.
pub(crate) trait Mark: Sized {
    /// What is listed.
    const LIST: &'static str;

    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

/// The name of a topic.
impl Mark for Box<str> {
    const LIST: &'static str = "topic";

    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Mark for SubscriptionId {
    const LIST: &'static str = "subscription";

    fn write(&self) -> String {
        self.0.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// Where the page of this token begins: behind this; with the first thing if there is no token.
pub(crate) fn after<M: Mark>(token: Option<&str>) -> Result<Option<M>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let mark = token::read(M::LIST, token).and_then(|text| M::read(&text));
    mark.map(Some).ok_or_else(|| Fault::invalid_parameter("NextToken"))
}

/// Cuts what was found to a page; gives the token of the next one, if there is one.
pub(crate) fn cut<T, M: Mark>(found: &mut Vec<T>, mark: impl FnOnce(&T) -> M) -> Option<String> {
    if found.len() <= limits::PAGE {
        return None;
    }
    found.truncate(limits::PAGE);
    found.last().map(|last| token::write(M::LIST, &mark(last).write()))
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
        let of_other_list = token::write(SubscriptionId::LIST, "7");
        for token in ["?", "AAAA", &of_other_list] {
            assert_eq!(after::<Box<str>>(Some(token)).unwrap_err().message(), "Invalid parameter: NextToken");
        }
    }
}
