//! [`ListOriginationNumbers`](https://docs.aws.amazon.com/sns/latest/api/API_ListOriginationNumbers.html): the numbers that text messages
//! come from. A hub has none: it rents nothing from a carrier.

use crate::operation::{Context, Operation};
use crate::shape::record;
use crate::wire::Fault;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How many a page can be asked to have.
const PAGE: RangeInclusive<usize> = 1..=30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOriginationNumbers {
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    phone_numbers: Vec<String>,
}

impl Operation for ListOriginationNumbers {
    const NAME: &'static str = "ListOriginationNumbers";
    type Output = Page;

    async fn run(self, _: &Context) -> Result<Page, Fault> {
        record::length(self.max_results, PAGE)?;
        // No page ever ended with a token.
        if self.next_token.is_some_and(|token| !token.is_empty()) {
            return Err(Fault::invalid_parameter("NextToken"));
        }
        Ok(Page { phone_numbers: Vec::new() })
    }
}
