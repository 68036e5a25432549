//! [`GetCallerIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html): tells a
//! caller which account he acts for.
//!
//! Differs from AWS: the user is always the owner of the account, and requests without credentials are answered.

use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::operation::{Context, Operation};
use crate::wire::Fault;

#[derive(Deserialize)]
pub(super) struct GetCallerIdentity {}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CallerIdentity {
    user_id: String,
    account: String,
    arn: String,
}

impl Operation for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    type Output = CallerIdentity;

    async fn run(self, cx: &Context) -> Result<CallerIdentity, Fault> {
        Ok(identity(&cx.caller))
    }
}

fn identity(caller: &Caller) -> CallerIdentity {
    CallerIdentity {
        user_id: caller.access_key_id.as_ref().unwrap_or(&caller.account).clone(),
        account: caller.account.clone(),
        arn: caller.principal_arn(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_the_owner_of_his_account() {
        let cases = [(Some("AKID"), "AKID"), (None, "111122223333")];
        for (key, user_id) in cases {
            let caller = Caller {
                account: "111122223333".to_owned(),
                region: "us-east-1".to_owned(),
                access_key_id: key.map(str::to_owned),
            };
            let expected = CallerIdentity {
                user_id: user_id.to_owned(),
                account: "111122223333".to_owned(),
                arn: "arn:aws:iam::111122223333:root".to_owned(),
            };
            assert_eq!(identity(&caller), expected);
        }
    }
}
