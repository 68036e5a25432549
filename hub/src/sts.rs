//! AWS STS: the one operation that tools ask to learn which account they talk to.

use crate::operation::operations;

operations! {
    served {
        get_caller_identity::GetCallerIdentity,
    }
    not yet {
        AssumeRole,
        AssumeRoleWithSAML,
        AssumeRoleWithWebIdentity,
        DecodeAuthorizationMessage,
        GetAccessKeyInfo,
        GetFederationToken,
        GetSessionToken,
    }
}
