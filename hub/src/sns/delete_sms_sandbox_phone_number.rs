//! [`DeleteSMSSandboxPhoneNumber`](https://docs.aws.amazon.com/sns/latest/api/API_DeleteSMSSandboxPhoneNumber.html): forgets a
//! number of the sandbox.
//!
//! Differs from AWS: a verified number need not be a day old.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{phone_number, record, reply, sandbox};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSmsSandboxPhoneNumber {
    phone_number: Option<String>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Deleted {}

impl Operation for DeleteSmsSandboxPhoneNumber {
    const NAME: &'static str = "DeleteSMSSandboxPhoneNumber";
    type Output = Deleted;

    async fn run(self, cx: &Context) -> Result<Deleted, Fault> {
        let number = phone_number::required(self.phone_number.as_deref(), "phoneNumber")?;
        let key = sandbox::key(&number, cx);
        let attempt = || {
            let kept = sandbox::find(&key, cx)?;
            Ok(Step::Propose(record::set(key.clone(), Some(&kept), None), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::done(reply).map(|()| Deleted {})).await
    }
}
