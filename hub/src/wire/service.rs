//! The services that share one port, and how a Query request says which of them it means.

use crate::auth::is_account;

/// An AWS service that the hub speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Sns,
    Sqs,
    Sts,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::Sqs, Self::Sns, Self::Sts];

    /// The service of a Query request.
    ///
    /// The signature binds a request to a service, so its scope counts first; clients that leave it out mostly
    /// say the API version; a queue's path speaks for itself; at last the name of the action decides, and SQS
    /// goes first because only old SQS clients leave out all three.
    pub(crate) fn of(scope: Option<&str>, version: Option<&str>, path: &str, action: &str) -> Self {
        let scoped = Self::ALL.into_iter().find(|service| scope == Some(service.name()));
        let versioned = || Self::ALL.into_iter().find(|service| version == Some(service.version()));
        let placed = || is_queue_path(path).then_some(Self::Sqs);
        let named = || Self::ALL.into_iter().find(|service| service.knows(action));
        scoped.or_else(versioned).or_else(placed).or_else(named).unwrap_or(Self::Sqs)
    }

    /// The name in credential scopes and ARNs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
        }
    }

    /// The only version that each service has had for years.
    pub(super) const fn version(self) -> &'static str {
        match self {
            Self::Sns => "2010-03-31",
            Self::Sqs => "2012-11-05",
            Self::Sts => "2011-06-15",
        }
    }

    /// The XML namespace of its answers.
    pub(super) const fn namespace(self) -> &'static str {
        match self {
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Self::Sqs => "http://queue.amazonaws.com/doc/2012-11-05/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }

    /// The names of the operations that are served.
    pub(crate) const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Sns => crate::sns::NAMES,
            Self::Sqs => crate::sqs::NAMES,
            Self::Sts => crate::sts::NAMES,
        }
    }

    /// The name that people and traces call it by.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Sns => "SNS",
            Self::Sqs => "SQS",
            Self::Sts => "STS",
        }
    }

    /// The name that traces have for it among systems that carry messages, if it is one.
    pub(crate) const fn messaging_system(self) -> Option<&'static str> {
        match self {
            Self::Sns => Some("aws.sns"),
            Self::Sqs => Some("aws_sqs"),
            Self::Sts => None,
        }
    }

    /// Whether an action belongs to it.
    pub(crate) fn knows(self, action: &str) -> bool {
        match self {
            Self::Sns => crate::sns::knows(action),
            Self::Sqs => crate::sqs::knows(action),
            Self::Sts => crate::sts::knows(action),
        }
    }
}

/// Whether a path is that of a queue: `/<account>/<name>`, or one of the forms that other implementations hand
/// out, `/queue/<name>` and `/queue/<region>/<account>/<name>`. A final slash does not matter.
pub(crate) fn is_queue_path(path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let parts = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()];
    match parts {
        [Some("queue"), Some(name), None, ..] => !name.is_empty(),
        [Some("queue"), Some(_), Some(account), Some(name), None] => is_account(account) && !name.is_empty(),
        [Some(account), Some(name), None, ..] => is_account(account) && !name.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_told_by_scope_then_version_then_path_then_action() {
        let queue = "/000000000000/orders";
        let cases = [
            // (scope, version, path, action) -> service
            ((Some("sns"), Some("2012-11-05"), queue, "SendMessage"), Service::Sns),
            ((Some("sqs"), Some("2010-03-31"), "/", "Publish"), Service::Sqs),
            ((Some("sts"), None, "/", ""), Service::Sts),
            ((Some("execute-api"), Some("2010-03-31"), queue, "SendMessage"), Service::Sns),
            ((None, Some("2012-11-05"), "/", "Publish"), Service::Sqs),
            ((None, Some("2011-06-15"), queue, "SendMessage"), Service::Sts),
            ((None, Some("1999-01-01"), queue, "AddPermission"), Service::Sqs),
            ((None, None, queue, "GetCallerIdentity"), Service::Sqs),
            ((None, None, "/", "AddPermission"), Service::Sqs),
            ((None, None, "/", "RemovePermission"), Service::Sqs),
            ((None, None, "/", "ConfirmSubscription"), Service::Sns),
            ((None, None, "/", "GetCallerIdentity"), Service::Sts),
            ((None, None, "/", "Unheard"), Service::Sqs),
        ];
        for ((scope, version, path, action), service) in cases {
            assert_eq!(
                Service::of(scope, version, path, action),
                service,
                "{scope:?} {version:?} {path} {action}"
            );
        }
    }

    #[test]
    fn a_queue_path_has_one_of_three_forms() {
        let cases = [
            ("/000000000000/orders", true),
            ("/000000000000/orders/", true),
            ("/queue/orders", true),
            ("/queue/eu-west-1/000000000000/orders.fifo", true),
            ("/", false),
            ("", false),
            ("/orders", false),
            ("/queue", false),
            ("/queue/", false),
            ("/000000000000/", false),
            ("/00000000000/orders", false),
            ("/accounts/orders", false),
            ("/000000000000/orders/messages", false),
            ("/queue/eu-west-1/accounts/orders", false),
            ("/queue/eu-west-1/000000000000/orders/x", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_queue_path(path), expected, "{path}");
        }
    }
}
