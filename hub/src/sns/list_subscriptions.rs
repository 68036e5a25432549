//! [`ListSubscriptions`](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html): the subscriptions
//! to the topics of an account, in the order in which they were made.

use crate::operation::{Context, Operation};
use crate::shape::subscription::listed::{Listed, Page};
use crate::shape::topic::list;
use crate::wire::Fault;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSubscriptions {
    next_token: Option<String>,
}

impl Operation for ListSubscriptions {
    const NAME: &'static str = "ListSubscriptions";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let after = list::after(self.next_token.as_deref())?;
        let (account, region) = (&cx.caller.account, &cx.caller.region);
        let mut found = cx.hub.catalogue.subscriptions(account, region, after, list::LOOKED_FOR);
        let next_token = list::cut(&mut found, |subscription| subscription.id);
        let subscriptions = found.iter().map(|subscription| Listed::from(&**subscription)).collect();
        Ok(Page { subscriptions, next_token })
    }
}
