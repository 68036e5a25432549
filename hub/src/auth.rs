//! Who asks, and whether he may.
//!
//! Every request passes through [`authenticate`], and everything that is looked up for one through [`authorize`].
//! Signatures are read for what they say, not verified yet, and policies are not asked: a client needs credentials
//! only because its SDK insists. What can only be the owner's is refused to other accounts all the same.

mod credential;

pub(crate) use credential::Credential;

use crate::wire::Fault;

/// Whom a request without credentials, or with those of nobody in particular, acts for.
const DEFAULT_ACCOUNT: &str = "000000000000";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Twelve digits.
    pub(crate) account: String,
    /// Where he believes to be: the region of what he creates and of what he names without an ARN.
    pub(crate) region: String,
    /// Absent in requests without a signature.
    pub(crate) access_key_id: Option<String>,
}

impl Caller {
    /// The ARN of the account's owner, since there are no other users.
    pub(crate) fn principal_arn(&self) -> String {
        format!("arn:aws:iam::{}:root", self.account)
    }
}

/// Tells who asks. An access key id of twelve digits is an account, which keeps users of one hub apart.
#[expect(clippy::unnecessary_wraps, reason = "signatures will be verified here, and then some are refused")]
pub(crate) fn authenticate(
    credential: Option<Credential<'_>>,
    default_region: &str,
) -> Result<Caller, Fault> {
    let key = credential.map(|it| it.access_key_id);
    let region = credential.map(|it| it.region).filter(|region| is_region(region));
    Ok(Caller {
        account: key.filter(|key| is_account(key)).unwrap_or(DEFAULT_ACCOUNT).to_owned(),
        region: region.unwrap_or(default_region).to_owned(),
        access_key_id: key.map(str::to_owned),
    })
}

/// What nobody can do with things of another account, whatever a policy says.
const OWNER_ONLY: [&str; 20] = [
    // SQS.
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
    // SNS; its two actions on permissions are called as those of SQS.
    "DeleteTopic",
    "GetDataProtectionPolicy",
    "PutDataProtectionPolicy",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
    "TagResource",
    "Unsubscribe",
    "UntagResource",
];

/// Whether no policy can allow an action to other accounts.
pub(crate) fn is_owners_alone(action: &str) -> bool {
    OWNER_ONLY.contains(&action)
}

/// Asks whether a caller may perform an action on a thing that belongs to these accounts. `denied` says that he may
/// not in the words of the service.
///
/// Without a policy a thing is its owners' alone. What a policy says is not evaluated yet: who sets one means to let
/// others in, so it opens the thing to them, but for what no policy can allow.
pub(crate) fn authorize(
    caller: &Caller,
    action: &'static str,
    owners: &[&str],
    has_policy: bool,
    denied: impl FnOnce() -> Fault,
) -> Result<(), Fault> {
    let is_open = has_policy && !is_owners_alone(action);
    if is_open || owners.contains(&caller.account.as_str()) { Ok(()) } else { Err(denied()) }
}

/// Whether a text is the id of an account.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Bytes of the name of a region.
pub(crate) const REGION_BYTES_MAX: usize = 32;

/// Whether a text can stand in an ARN as a region. Self-hosted clients make up their own.
pub(crate) fn is_region(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_of_twelve_digits_is_an_account() {
        let cases = [
            // (access key id, region) -> (account, region)
            (None, ("000000000000", "eu-west-1")),
            (Some(("test", "us-east-2")), ("000000000000", "us-east-2")),
            (Some(("111122223333", "local")), ("111122223333", "local")),
            (Some(("11112222333", "us:east")), ("000000000000", "eu-west-1")),
            (Some(("", "")), ("000000000000", "eu-west-1")),
        ];
        for (given, (account, region)) in cases {
            let credential =
                given.map(|(key, region)| Credential { access_key_id: key, region, service: "sqs" });
            let caller = authenticate(credential, "eu-west-1").unwrap();
            assert_eq!((caller.account.as_str(), caller.region.as_str()), (account, region), "{given:?}");
            assert_eq!(caller.access_key_id.as_deref(), given.map(|(key, _)| key));
            assert_eq!(caller.principal_arn(), format!("arn:aws:iam::{account}:root"));
        }
    }

    #[test]
    fn others_do_what_a_policy_can_allow_and_only_where_there_is_one() {
        let caller = authenticate(None, "eu-west-1").unwrap();
        let own = caller.account.as_str();
        let cases = [
            ("DeleteQueue", vec![own], [true, true]),
            ("DeleteQueue", vec!["111122223333"], [false, false]),
            ("Unsubscribe", vec!["111122223333", own], [true, true]),
            ("SendMessage", vec!["111122223333"], [false, true]),
        ];
        for (action, owners, expected) in cases {
            let allowed =
                |has_policy| authorize(&caller, action, &owners, has_policy, Fault::internal).is_ok();
            assert_eq!([false, true].map(allowed), expected, "{action} {owners:?}");
        }
    }

    #[test]
    fn what_is_the_owners_alone_is_an_action() {
        for action in OWNER_ONLY {
            assert!(crate::sqs::knows(action) || crate::sns::knows(action), "{action}");
        }
    }
}
