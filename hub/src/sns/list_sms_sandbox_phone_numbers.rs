//! [`ListSMSSandboxPhoneNumbers`](https://docs.aws.amazon.com/sns/latest/api/API_ListSMSSandboxPhoneNumbers.html): the numbers of the
//! sandbox, in their order.

use crate::operation::{Context, Operation};
use crate::shape::record::{self, Asked};
use crate::shape::sandbox;
use crate::wire::Fault;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How many a page can be asked to have.
const PAGE: RangeInclusive<usize> = 1..=100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSmsSandboxPhoneNumbers {
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    phone_numbers: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    phone_number: String,
    status: String,
}

impl Operation for ListSmsSandboxPhoneNumbers {
    const NAME: &'static str = "ListSMSSandboxPhoneNumbers";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let from = record::own(sandbox::KIND, "", cx);
        let token = ("NextToken", self.next_token.as_deref());
        let length = record::length(self.max_results, PAGE)?;
        let page = record::page(&Asked { from: &from, token, length }, cx)?;
        let listed = page.found.iter().map(|number| Listed {
            phone_number: number.key.name.name.to_string(),
            status: sandbox::status(number).to_owned(),
        });
        Ok(Page { phone_numbers: listed.collect(), next_token: page.next_token })
    }
}
