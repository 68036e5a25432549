//! [`OptInPhoneNumber`](https://docs.aws.amazon.com/sns/latest/api/API_OptInPhoneNumber.html): the holder of a number wants text messages again.
//!
//! Differs from AWS: it can be done more than once in 30 days.

use crate::operation::{Context, Operation};
use crate::shape::{phone_number, sms};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OptInPhoneNumber {
    phone_number: Option<String>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct OptedIn {}

impl Operation for OptInPhoneNumber {
    const NAME: &'static str = "OptInPhoneNumber";
    type Output = OptedIn;

    async fn run(self, cx: &Context) -> Result<OptedIn, Fault> {
        let number = phone_number::required(self.phone_number.as_deref(), "phoneNumber")?;
        sms::opt(&number, false, cx).await.map(|()| OptedIn {})
    }
}
