//! [`DeletePlatformApplication`](https://docs.aws.amazon.com/sns/latest/api/API_DeletePlatformApplication.html): forgets an
//! application and its endpoints.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::platform::{application, orphans};
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{record, reply};
use crate::wire::Fault;
use queue_core::RecordKey;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeletePlatformApplication {
    platform_application_arn: Option<String>,
}

impl Operation for DeletePlatformApplication {
    const NAME: &'static str = "DeletePlatformApplication";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let key = application::named(self.platform_application_arn.as_deref(), cx)?;
        delete(&key, cx).await?;
        orphans::remove_of(&key, &cx.hub).await;
        Ok(())
    }
}

/// Deletes a record, if it is there.
pub(super) async fn delete(key: &RecordKey, cx: &Context) -> Result<(), Fault> {
    let attempt = || match cx.hub.catalogue.record(key) {
        None => Ok(Step::Answer(())),
        Some(kept) => Ok(Step::Propose(record::set(key.clone(), Some(&kept), None), Vec::new())),
    };
    change(cx, &OF_TOPICS, attempt, reply::done).await
}
