//! [`ListTagsForResource`](https://docs.aws.amazon.com/sns/latest/api/API_ListTagsForResource.html): the tags of a
//! topic.

use crate::operation::{Context, Operation};
use crate::shape::topic::{reference, tags};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsForResource {
    resource_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    tags: Vec<tags::Tag>,
}

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Output = Listed;

    async fn run(self, cx: &Context) -> Result<Listed, Fault> {
        let topic = reference::tagged(Self::NAME, self.resource_arn.as_deref(), cx)?;
        Ok(Listed { tags: tags::shown(&topic.tags) })
    }
}
