//! The parameters `MaxResults` and `NextToken`: lists of queues in pages.

use super::limits;
use crate::catalogue::QueueView;
use crate::shape::token;
use crate::wire::{Code, Fault};
use std::sync::Arc;

/// What is listed.
const LIST: &str = "queue";

/// A page that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The name that the page begins after.
    pub(crate) after: Option<String>,
    /// How many queues it has at most.
    pub(crate) size: usize,
    /// Whether the caller asked for pages, and so is told that there are more.
    paged: bool,
}

impl Page {
    pub(crate) fn parse(maximum: Option<i64>, token: Option<&str>) -> Result<Self, Fault> {
        let size = match maximum {
            None => *limits::PAGE.end(),
            Some(maximum) => usize::try_from(maximum)
                .ok()
                .filter(|size| limits::PAGE.contains(size))
                .ok_or_else(out_of_range)?,
        };
        let after =
            token.filter(|token| !token.is_empty()).map(|token| token::read(LIST, token).ok_or_else(expired));
        Ok(Self { after: after.transpose()?, size, paged: maximum.is_some() })
    }

    /// Cuts what was found down to the page, and gives the token of the next one. At least one queue more than
    /// the page holds must have been looked for.
    pub(crate) fn cut(&self, queues: &mut Vec<Arc<QueueView>>) -> Option<String> {
        let more = queues.len() > self.size;
        queues.truncate(self.size);
        queues.last().filter(|_| more && self.paged).map(|last| token::write(LIST, &last.name.name))
    }
}

fn out_of_range() -> Fault {
    Fault::new(
        Code::InvalidParameterValue,
        "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.",
    )
}

fn expired() -> Fault {
    Fault::new(Code::InvalidParameterValue, "Invalid or expired next token.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_name_that_the_page_begins_after() {
        let token = token::write(LIST, "orders.fifo");
        let page = Page::parse(Some(5), Some(&token));
        assert_eq!(page, Ok(Page { after: Some("orders.fifo".to_owned()), size: 5, paged: true }));
        assert_eq!(Page::parse(None, None), Ok(Page { after: None, size: 1_000, paged: false }));
        assert_eq!(Page::parse(None, Some("")), Ok(Page { after: None, size: 1_000, paged: false }));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for maximum in [-1, 0, 1_001, i64::MAX, i64::MIN] {
            assert_eq!(Page::parse(Some(maximum), None), Err(out_of_range()));
        }
        for token in ["x", "!", "b3JkZXJz"] {
            assert_eq!(Page::parse(None, Some(token)), Err(expired()));
        }
    }
}
