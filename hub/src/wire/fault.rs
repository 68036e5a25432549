//! Errors as AWS says them: the only place that knows its codes.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;

use super::Service;
use crate::storage::room::Lack;

/// Where the JSON protocol says that an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The framework in front of every service.
    Framework,
    /// The service's own model.
    Sqs,
    /// The same of SNS, which has no JSON protocol: never seen on the wire.
    Sns,
}

/// What AWS says of a code.
struct Facts {
    status: u16,
    origin: Origin,
    /// The last part of `__type` in JSON.
    shape: &'static str,
    /// The code in Query, in `x-amzn-query-error` and in entries of a batch.
    query: &'static str,
}

/// Declares the codes and, from the same lines, their facts.
macro_rules! codes {
    ($($code:ident = $status:literal $origin:ident $shape:literal $query:literal,)+) => {
        /// A kind of error. Named as in the model of its service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(not(test), expect(dead_code, reason = "AWS's list is whole, also where nothing raises a code yet"))]
        pub(crate) enum Code {
            $($code,)+
        }

        impl Code {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$code),+];

            const fn facts(self) -> Facts {
                match self {
                    $(Self::$code => Facts {
                        status: $status,
                        origin: Origin::$origin,
                        shape: $shape,
                        query: $query,
                    },)+
                }
            }
        }
    };
}

codes! {
    // What SQS says of its own.
    BatchEntryIdsNotDistinct = 400 Sqs "BatchEntryIdsNotDistinct" "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    BatchRequestTooLong = 400 Sqs "BatchRequestTooLong" "AWS.SimpleQueueService.BatchRequestTooLong",
    EmptyBatchRequest = 400 Sqs "EmptyBatchRequest" "AWS.SimpleQueueService.EmptyBatchRequest",
    InvalidAddress = 404 Sqs "InvalidAddress" "InvalidAddress",
    InvalidAttributeName = 400 Sqs "InvalidAttributeName" "InvalidAttributeName",
    InvalidAttributeValue = 400 Sqs "InvalidAttributeValue" "InvalidAttributeValue",
    InvalidBatchEntryId = 400 Sqs "InvalidBatchEntryId" "AWS.SimpleQueueService.InvalidBatchEntryId",
    InvalidIdFormat = 400 Sqs "InvalidIdFormat" "InvalidIdFormat",
    InvalidMessageContents = 400 Sqs "InvalidMessageContents" "InvalidMessageContents",
    InvalidSecurity = 403 Sqs "InvalidSecurity" "InvalidSecurity",
    KmsAccessDenied = 400 Sqs "KmsAccessDenied" "KMS.AccessDeniedException",
    KmsDisabled = 400 Sqs "KmsDisabled" "KMS.DisabledException",
    KmsInvalidKeyUsage = 400 Sqs "KmsInvalidKeyUsage" "KMS.InvalidKeyUsageException",
    KmsInvalidState = 400 Sqs "KmsInvalidState" "KMS.InvalidStateException",
    KmsNotFound = 400 Sqs "KmsNotFound" "KMS.NotFoundException",
    KmsOptInRequired = 403 Sqs "KmsOptInRequired" "KMS.OptInRequired",
    KmsThrottled = 400 Sqs "KmsThrottled" "KMS.ThrottlingException",
    MessageNotInflight = 400 Sqs "MessageNotInflight" "AWS.SimpleQueueService.MessageNotInflight",
    OverLimit = 403 Sqs "OverLimit" "OverLimit",
    PurgeQueueInProgress = 403 Sqs "PurgeQueueInProgress" "AWS.SimpleQueueService.PurgeQueueInProgress",
    QueueDeletedRecently = 400 Sqs "QueueDeletedRecently" "AWS.SimpleQueueService.QueueDeletedRecently",
    QueueDoesNotExist = 400 Sqs "QueueDoesNotExist" "AWS.SimpleQueueService.NonExistentQueue",
    QueueNameExists = 400 Sqs "QueueNameExists" "QueueAlreadyExists",
    ReceiptHandleIsInvalid = 404 Sqs "ReceiptHandleIsInvalid" "ReceiptHandleIsInvalid",
    RequestThrottled = 403 Sqs "RequestThrottled" "RequestThrottled",
    ResourceNotFoundException = 404 Sqs "ResourceNotFoundException" "ResourceNotFoundException",
    TooManyEntriesInBatchRequest = 400 Sqs "TooManyEntriesInBatchRequest" "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    UnsupportedOperation = 400 Sqs "UnsupportedOperation" "AWS.SimpleQueueService.UnsupportedOperation",

    // What the framework says for every service.
    AccessDenied = 403 Framework "AccessDeniedException" "AccessDenied",
    ExpiredToken = 403 Framework "ExpiredTokenException" "ExpiredToken",
    IncompleteSignature = 400 Framework "IncompleteSignatureException" "IncompleteSignature",
    InternalFailure = 500 Framework "InternalFailure" "InternalFailure",
    InvalidAction = 400 Framework "UnknownOperationException" "InvalidAction",
    InvalidParameterValue = 400 Framework "InvalidParameterValueException" "InvalidParameterValue",
    InvalidSignature = 403 Framework "InvalidSignatureException" "SignatureDoesNotMatch",
    MissingAuthenticationToken = 403 Framework "MissingAuthenticationTokenException" "MissingAuthenticationToken",
    MissingParameter = 400 Framework "MissingRequiredParameterException" "MissingParameter",
    Serialization = 400 Framework "SerializationException" "MalformedInput",
    ServiceUnavailable = 503 Framework "ServiceUnavailableException" "ServiceUnavailable",
    UnrecognizedClient = 403 Framework "UnrecognizedClientException" "InvalidClientTokenId",

    // What a server says of a request that it cannot take.
    IncompleteBody = 400 Framework "IncompleteBody" "IncompleteBody",
    MethodNotAllowed = 405 Framework "MethodNotAllowed" "MethodNotAllowed",
    RequestEntityTooLarge = 413 Framework "RequestEntityTooLarge" "RequestEntityTooLarge",
    RequestTimeout = 408 Framework "RequestTimeout" "RequestTimeout",
    UnsupportedMediaType = 415 Framework "UnsupportedMediaType" "UnsupportedMediaType",

    // What SNS says of its own; batches go wrong as in SQS.
    AuthorizationError = 403 Sns "AuthorizationErrorException" "AuthorizationError",
    ConcurrentAccess = 400 Sns "ConcurrentAccessException" "ConcurrentAccess",
    EndpointDisabled = 400 Sns "EndpointDisabledException" "EndpointDisabled",
    FilterPolicyLimitExceeded = 403 Sns "FilterPolicyLimitExceededException" "FilterPolicyLimitExceeded",
    InvalidParameter = 400 Sns "InvalidParameterException" "InvalidParameter",
    InvalidState = 400 Sns "InvalidStateException" "InvalidState",
    NotFound = 404 Sns "NotFoundException" "NotFound",
    OptedOut = 400 Sns "OptedOutException" "OptedOut",
    ParameterValueInvalid = 400 Sns "InvalidParameterValueException" "ParameterValueInvalid",
    PlatformApplicationDisabled = 400 Sns "PlatformApplicationDisabledException" "PlatformApplicationDisabled",
    ReplayLimitExceeded = 403 Sns "ReplayLimitExceededException" "ReplayLimitExceeded",
    ResourceNotFound = 404 Sns "ResourceNotFoundException" "ResourceNotFound",
    StaleTag = 400 Sns "StaleTagException" "StaleTag",
    SubscriptionLimitExceeded = 403 Sns "SubscriptionLimitExceededException" "SubscriptionLimitExceeded",
    TagLimitExceeded = 400 Sns "TagLimitExceededException" "TagLimitExceeded",
    Throttled = 429 Sns "ThrottledException" "Throttled",
    Throttling = 400 Sns "ThrottlingException" "Throttling",
    TopicLimitExceeded = 403 Sns "TopicLimitExceededException" "TopicLimitExceeded",
    UserError = 400 Sns "UserErrorException" "UserError",
    ValidationError = 400 Sns "ValidationException" "ValidationError",
    Verification = 400 Sns "VerificationException" "VerificationException",
}

impl Code {
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its name in the model of its service, the same in both protocols.
    pub(crate) const fn name(self) -> &'static str {
        self.facts().shape
    }

    /// The code that is the error's where there is no protocol of AWS: the name in the model, but in SNS, which has no
    /// JSON protocol, the code that its answers bear.
    pub(crate) const fn plain(self) -> &'static str {
        let facts = self.facts();
        match facts.origin {
            Origin::Sns => facts.query,
            Origin::Framework | Origin::Sqs => facts.shape,
        }
    }

    /// The `__type` of the JSON protocol, in two parts to be joined by `#`.
    pub(super) const fn json_type(self) -> (&'static str, &'static str) {
        let facts = self.facts();
        let namespace = match facts.origin {
            Origin::Framework => "com.amazon.coral.service",
            Origin::Sns => "com.amazonaws.sns",
            Origin::Sqs => "com.amazonaws.sqs",
        };
        (namespace, self.name())
    }

    /// The code that Query answers bear. SNS shares several errors with SQS, and names them more simply.
    pub(super) fn query_code(self, service: Service) -> &'static str {
        let code = self.facts().query;
        match service {
            Service::Sqs => code,
            Service::Sns | Service::Sts if self == Self::InternalFailure => "InternalError",
            Service::Sns | Service::Sts => code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code),
        }
    }
}

/// An error as AWS says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    code: Code,
    message: Cow<'static, str>,
    /// What Query says instead, if it is something else.
    in_query: Option<Box<str>>,
}

impl Fault {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), in_query: None }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the caller is to blame, not the hub.
    pub(crate) fn sender(&self) -> bool {
        !self.code.status().is_server_error()
    }

    /// The `Code` of this fault in the `Failed` list of a batch.
    pub(crate) fn entry_code(&self) -> &'static str {
        self.code.facts().query
    }

    /// The message in Query answers: there, SQS still speaks of its WSDL.
    pub(super) fn query_message(&self) -> Cow<'_, str> {
        if let Some(message) = &self.in_query {
            Cow::Borrowed(message)
        } else if self.code == Code::QueueDoesNotExist {
            let message = self.message.strip_suffix('.').unwrap_or(&self.message);
            Cow::Owned(format!("{message} for this wsdl version."))
        } else {
            Cow::Borrowed(&self.message)
        }
    }
}

/// The sentences that are said in many places.
impl Fault {
    /// A failure of ours. What failed belongs into the log, not into the answer.
    pub(crate) fn internal() -> Self {
        Self::new(Code::InternalFailure, "We encountered an internal error. Please try again.")
    }

    /// The hub has no room for more; SDKs try again after this.
    pub(crate) fn full(lack: Lack) -> Self {
        let message = match lack {
            Lack::Disk => {
                "The hub is out of disk space: messages are refused until space is free. \
                 Receiving and deleting go on for as long as they can."
            }
            Lack::Memory => {
                "The hub holds as much as --max-state allows: messages are refused until others are deleted. \
                 Receiving and deleting go on."
            }
        };
        Self::new(Code::ServiceUnavailable, message)
    }

    /// A `QueueUrl` that is missing, empty or means nothing counts as this, too.
    pub(crate) fn queue_does_not_exist() -> Self {
        Self::new(Code::QueueDoesNotExist, "The specified queue does not exist.")
    }

    /// SQS: the caller may not do this with that queue.
    pub(crate) fn access_denied(user: &str, action: &str, queue_arn: &str, queue_url: &str) -> Self {
        let action = format!("sqs:{}", action.to_ascii_lowercase());
        let reason = format_args!("because no identity-based policy allows the {action} action");
        let message =
            format!("User: {user} is not authorized to perform: {action} on resource: {queue_arn} {reason}");
        Self {
            in_query: Some(format!("Access to the resource {queue_url} is denied.").into()),
            ..Self::new(Code::AccessDenied, message)
        }
    }

    /// SQS: a required parameter is missing.
    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::new(Code::MissingParameter, format!("The request must contain the parameter {name}."))
    }

    /// SQS: a parameter has a value that it cannot have.
    pub(crate) fn invalid_value(value: impl fmt::Display, name: &str, reason: &str) -> Self {
        let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
        Self::new(Code::InvalidParameterValue, message)
    }

    /// SNS: `Invalid parameter: ` and what is wrong.
    pub(crate) fn invalid_parameter(what: impl fmt::Display) -> Self {
        Self::new(Code::InvalidParameter, format!("Invalid parameter: {what}"))
    }

    /// SNS: a required member, in lower camel case, is missing.
    pub(crate) fn null_member(path: &str) -> Self {
        let rule = "failed to satisfy constraint: Member must not be null";
        Self::new(
            Code::ValidationError,
            format!("1 validation error detected: Value null at '{path}' {rule}"),
        )
    }

    /// JSON: the target names no operation.
    pub(super) fn unknown_operation() -> Self {
        const MESSAGE: &str =
            "The action or operation requested is invalid. Verify that the action is typed correctly.";
        Self::new(Code::InvalidAction, MESSAGE)
    }

    /// An operation that AWS has and the hub does not have yet.
    pub(super) fn not_yet(action: &str) -> Self {
        Self::new(Code::InvalidAction, format!("The action {action} is not supported yet."))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.entry_code(), self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_of_an_error_and_its_own_names() {
        let mut types = std::collections::HashSet::new();
        for &code in Code::ALL {
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
            assert!(types.insert(code.json_type()), "{code:?}");
            for service in [Service::Sqs, Service::Sns, Service::Sts] {
                let query = code.query_code(service);
                let is_name =
                    |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
                assert!(!query.is_empty() && is_name(query), "{code:?}");
            }
        }
    }

    #[test]
    fn codes_of_both_services_are_named_as_each_names_them() {
        let cases = [
            (Code::QueueDoesNotExist, "AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue"),
            (
                Code::BatchEntryIdsNotDistinct,
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
                "BatchEntryIdsNotDistinct",
            ),
            (Code::InternalFailure, "InternalFailure", "InternalError"),
            (Code::InvalidSignature, "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
            (Code::KmsDisabled, "KMS.DisabledException", "KMS.DisabledException"),
        ];
        for (code, sqs, sns) in cases {
            assert_eq!(code.query_code(Service::Sqs), sqs);
            assert_eq!(code.query_code(Service::Sns), sns);
        }
    }

    #[test]
    fn only_failures_of_the_hub_are_not_the_senders() {
        assert!(!Fault::internal().sender());
        assert!(Fault::queue_does_not_exist().sender());
    }
}
