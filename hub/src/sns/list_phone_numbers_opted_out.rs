//! [`ListPhoneNumbersOptedOut`](https://docs.aws.amazon.com/sns/latest/api/API_ListPhoneNumbersOptedOut.html): the numbers whose
//! holders want no text messages, in their order.

use crate::operation::{Context, Operation};
use crate::shape::record::{self, Asked};
use crate::shape::sms;
use crate::shape::topic::limits;
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListPhoneNumbersOptedOut {
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    phone_numbers: Vec<String>,
    next_token: Option<String>,
}

impl Operation for ListPhoneNumbersOptedOut {
    const NAME: &'static str = "ListPhoneNumbersOptedOut";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let from = record::own(sms::OPTED_OUT, "", cx);
        let token = ("nextToken", self.next_token.as_deref());
        let page = record::page(&Asked { from: &from, token, length: limits::PAGE }, cx)?;
        let phone_numbers = page.found.iter().map(|record| record.key.name.name.to_string()).collect();
        Ok(Page { phone_numbers, next_token: page.next_token })
    }
}
