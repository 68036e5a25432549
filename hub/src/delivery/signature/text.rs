//! What is signed of a message: some of its members, each as two lines, in the order of their names.

/// The signed members of a notification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notification<'m> {
    pub(crate) message: &'m str,
    pub(crate) message_id: &'m str,
    pub(crate) subject: Option<&'m str>,
    pub(crate) timestamp: &'m str,
    pub(crate) topic_arn: &'m str,
}

impl Notification<'_> {
    /// The text to sign.
    pub(crate) fn text(&self) -> String {
        lines(&[
            ("Message", Some(self.message)),
            ("MessageId", Some(self.message_id)),
            ("Subject", self.subject),
            ("Timestamp", Some(self.timestamp)),
            ("TopicArn", Some(self.topic_arn)),
            ("Type", Some("Notification")),
        ])
    }
}

/// What a receiver is asked to confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfirmationKind {
    /// That it wants the messages of a topic.
    Subscription,
    /// That it wants them no more.
    Unsubscribe,
}

impl ConfirmationKind {
    /// The type of the message that asks for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subscription => "SubscriptionConfirmation",
            Self::Unsubscribe => "UnsubscribeConfirmation",
        }
    }
}

/// The signed members of a message that asks for a confirmation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confirmation<'m> {
    pub(crate) kind: ConfirmationKind,
    pub(crate) message: &'m str,
    pub(crate) message_id: &'m str,
    pub(crate) subscribe_url: &'m str,
    pub(crate) timestamp: &'m str,
    pub(crate) token: &'m str,
    pub(crate) topic_arn: &'m str,
}

impl Confirmation<'_> {
    /// The text to sign.
    pub(crate) fn text(&self) -> String {
        lines(&[
            ("Message", Some(self.message)),
            ("MessageId", Some(self.message_id)),
            ("SubscribeURL", Some(self.subscribe_url)),
            ("Timestamp", Some(self.timestamp)),
            ("Token", Some(self.token)),
            ("TopicArn", Some(self.topic_arn)),
            ("Type", Some(self.kind.name())),
        ])
    }
}

fn lines(members: &[(&str, Option<&str>)]) -> String {
    let present = || members.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let length = present().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = String::with_capacity(length);
    for (name, value) in present() {
        for line in [name, value] {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_signed_with_its_subject_or_without() {
        let notification = Notification {
            message: "two\nlines",
            message_id: "id",
            subject: None,
            timestamp: "2026-01-02T03:04:05.678Z",
            topic_arn: "arn",
        };
        let head = "Message\ntwo\nlines\nMessageId\nid\n";
        let tail = "Timestamp\n2026-01-02T03:04:05.678Z\nTopicArn\narn\nType\nNotification\n";
        assert_eq!(notification.text(), format!("{head}{tail}"));
        let with_subject = Notification { subject: Some("New"), ..notification };
        assert_eq!(with_subject.text(), format!("{head}Subject\nNew\n{tail}"));
    }

    #[test]
    fn a_confirmation_is_signed_with_its_token_and_its_url() {
        for (kind, name) in [
            (ConfirmationKind::Subscription, "SubscriptionConfirmation"),
            (ConfirmationKind::Unsubscribe, "UnsubscribeConfirmation"),
        ] {
            let confirmation = Confirmation {
                kind,
                message: "confirm",
                message_id: "id",
                subscribe_url: "http://hub/?Action=ConfirmSubscription",
                timestamp: "now",
                token: "abc",
                topic_arn: "arn",
            };
            let expected = format!(
                "Message\nconfirm\nMessageId\nid\nSubscribeURL\nhttp://hub/?Action=ConfirmSubscription\n\
                 Timestamp\nnow\nToken\nabc\nTopicArn\narn\nType\n{name}\n"
            );
            assert_eq!(confirmation.text(), expected);
        }
    }
}
