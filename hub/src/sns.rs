//! Amazon SNS: its operations, each in a file of its name.

use crate::operation::operations;

operations! {
    served {
    }
    not yet {
        AddPermission,
        CheckIfPhoneNumberIsOptedOut,
        ConfirmSubscription,
        CreatePlatformApplication,
        CreatePlatformEndpoint,
        CreateSMSSandboxPhoneNumber,
        DeleteEndpoint,
        DeletePlatformApplication,
        DeleteSMSSandboxPhoneNumber,
        GetDataProtectionPolicy,
        GetEndpointAttributes,
        GetPlatformApplicationAttributes,
        GetSMSAttributes,
        GetSMSSandboxAccountStatus,
        ListEndpointsByPlatformApplication,
        ListOriginationNumbers,
        ListPhoneNumbersOptedOut,
        ListPlatformApplications,
        ListSMSSandboxPhoneNumbers,
        OptInPhoneNumber,
        PutDataProtectionPolicy,
        RemovePermission,
        SetEndpointAttributes,
        SetPlatformApplicationAttributes,
        SetSMSAttributes,
        VerifySMSSandboxPhoneNumber,
    }
}
