//! [`ListTopics`](https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html): the topics of an account, in the
//! order of their names.

use crate::operation::{Context, Operation};
use crate::shape::{arn, topic::list};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTopics {
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    topics: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    topic_arn: String,
}

impl Operation for ListTopics {
    const NAME: &'static str = "ListTopics";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let after = list::after::<Box<str>>(self.next_token.as_deref())?;
        let (account, region) = (&cx.caller.account, &cx.caller.region);
        let mut found = cx.hub.catalogue.topics(account, region, after.as_deref(), list::LOOKED_FOR);
        let next_token = list::cut(&mut found, |topic| Box::<str>::from(&*topic.name.name));
        let topics = found.iter().map(|topic| Listed { topic_arn: arn::of_topic(&topic.name) }).collect();
        Ok(Page { topics, next_token })
    }
}
