//! [`VerifySMSSandboxPhoneNumber`](https://docs.aws.amazon.com/sns/latest/api/API_VerifySMSSandboxPhoneNumber.html): proves with a
//! one-time password that somebody holds a number.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{phone_number, record, reply, sandbox};
use crate::wire::{Code, Fault};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VerifySmsSandboxPhoneNumber {
    phone_number: Option<String>,
    one_time_password: Option<String>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Verified {}

impl Operation for VerifySmsSandboxPhoneNumber {
    const NAME: &'static str = "VerifySMSSandboxPhoneNumber";
    type Output = Verified;

    async fn run(self, cx: &Context) -> Result<Verified, Fault> {
        let number = phone_number::required(self.phone_number.as_deref(), "phoneNumber")?;
        let password = self.one_time_password.as_deref();
        let password = password.ok_or_else(|| Fault::null_member("oneTimePassword"))?;
        let key = sandbox::key(&number, cx);
        let attempt = || {
            let kept = sandbox::find(&key, cx)?;
            if !sandbox::proves(&kept, password, cx.hub.now()) {
                let message = "The one-time password is wrong, or not good any more.";
                return Err(Fault::new(Code::Verification, message));
            }
            Ok(Step::Propose(record::set(key.clone(), Some(&kept), Some(sandbox::verified())), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::done(reply).map(|()| Verified {})).await
    }
}
