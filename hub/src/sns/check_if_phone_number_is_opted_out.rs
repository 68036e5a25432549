//! [`CheckIfPhoneNumberIsOptedOut`](https://docs.aws.amazon.com/sns/latest/api/API_CheckIfPhoneNumberIsOptedOut.html): whether the holder of a number wants no
//! text messages.

use crate::operation::{Context, Operation};
use crate::shape::{phone_number, sms};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckIfPhoneNumberIsOptedOut {
    phone_number: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checked {
    is_opted_out: bool,
}

impl Operation for CheckIfPhoneNumberIsOptedOut {
    const NAME: &'static str = "CheckIfPhoneNumberIsOptedOut";
    type Output = Checked;

    async fn run(self, cx: &Context) -> Result<Checked, Fault> {
        let number = phone_number::required(self.phone_number.as_deref(), "phoneNumber")?;
        let (account, region) = (&cx.caller.account, &cx.caller.region);
        Ok(Checked { is_opted_out: sms::is_opted_out(&cx.hub.catalogue, account, region, &number) })
    }
}
