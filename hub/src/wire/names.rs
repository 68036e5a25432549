//! Members that Query and XML call differently than JSON does.
//!
//! Shapes use the names of the JSON protocol. SQS flattens its lists and maps in Query and XML: a list is its
//! element's singular name, repeated, and that name is not always the list's without an s. SNS keeps the names,
//! and puts `member` or `entry` around each element. A new list or map of SQS is one line in `flat`.

use super::Service;

/// The names of one operation.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) service: Service,
    pub(super) action: &'a str,
}

impl Names<'_> {
    /// What Query calls this member of an input.
    pub(super) fn parameter(self, member: &str) -> &str {
        match self.service {
            Service::Sqs => flat(member, self.action).unwrap_or(member),
            Service::Sns | Service::Sts => member,
        }
    }

    /// What XML calls this member of an output.
    pub(super) fn element(self, member: &str) -> &str {
        self.parameter(member)
    }

    /// What this member of an output is called in the JSON that Query answers with.
    pub(super) fn member(self, member: &str) -> &str {
        match (self.service, member) {
            (Service::Sqs, "Messages") => "messages",
            (Service::Sqs, "QueueUrls") => "queueUrls",
            (Service::Sqs | Service::Sns | Service::Sts, _) => member,
        }
    }

    /// Whether this member of an output is a map, which that JSON shows as a list of its entries.
    pub(super) fn is_listed_map(self, member: &str) -> bool {
        self.service == Service::Sqs && matches!(member, "Attributes" | "MessageAttributes" | "Tags")
    }

    /// What surrounds each element of a list, where lists have such a thing.
    pub(super) fn list(self) -> Option<&'static str> {
        match self.service {
            Service::Sqs => None,
            Service::Sns | Service::Sts => Some("member"),
        }
    }

    /// What surrounds each entry of a map, where maps have such a thing.
    pub(super) fn map(self) -> Option<&'static str> {
        match self.service {
            Service::Sqs => None,
            Service::Sns | Service::Sts => Some("entry"),
        }
    }

    /// What key and value are called in the entries of this map.
    pub(super) fn entry(self, member: &str) -> (&'static str, &'static str) {
        match (self.service, member) {
            (Service::Sqs, "Tags" | "tags") => ("Key", "Value"),
            (Service::Sqs, _) | (Service::Sns | Service::Sts, "MessageAttributes") => ("Name", "Value"),
            (Service::Sns | Service::Sts, _) => ("key", "value"),
        }
    }
}

/// The repeated name of a list or map of SQS. Those of batches name their operation.
fn flat(member: &str, action: &str) -> Option<&'static str> {
    Some(match member {
        "AWSAccountIds" => "AWSAccountId",
        "Actions" => "ActionName",
        "AttributeNames" | "MessageSystemAttributeNames" => "AttributeName",
        "Attributes" => "Attribute",
        "BinaryListValues" => "BinaryListValue",
        "Entries" => match action {
            "ChangeMessageVisibilityBatch" => "ChangeMessageVisibilityBatchRequestEntry",
            "DeleteMessageBatch" => "DeleteMessageBatchRequestEntry",
            "SendMessageBatch" => "SendMessageBatchRequestEntry",
            _ => return None,
        },
        "Failed" => "BatchResultErrorEntry",
        "MessageAttributeNames" => "MessageAttributeName",
        "MessageAttributes" => "MessageAttribute",
        "MessageSystemAttributes" => "MessageSystemAttribute",
        "Messages" => "Message",
        "QueueUrls" | "queueUrls" => "QueueUrl",
        "Results" => "ListMessageMoveTasksResultEntry",
        "StringListValues" => "StringListValue",
        "Successful" => match action {
            "ChangeMessageVisibilityBatch" => "ChangeMessageVisibilityBatchResultEntry",
            "DeleteMessageBatch" => "DeleteMessageBatchResultEntry",
            "SendMessageBatch" => "SendMessageBatchResultEntry",
            _ => return None,
        },
        "TagKeys" => "TagKey",
        "Tags" | "tags" => "Tag",
        _ => return None,
    })
}
