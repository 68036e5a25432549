//! Mails to subscribers, passed on to a mail server if the hub was given one.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use uuid::Uuid;

use crate::config::Settings;

/// How long the mail server may take for each answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a mail may take as a whole.
const WHOLE: Duration = Duration::from_secs(60);

/// The way to a mail server, and who sends by it.
pub(crate) struct Relay {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail was not passed on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Error {
    /// Whether the same mail may be taken later.
    pub(crate) temporary: bool,
    reason: String,
}

/// Why there is no relay although there is a mail server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("--smtp-url needs --smtp-from: the mails must come from somebody")]
    NoSender,
    #[error("--smtp-url cannot be used: {0}")]
    Url(#[from] smtp::Error),
}

impl Relay {
    /// The relay that the settings ask for; none if they name no mail server.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>, Unusable> {
        let Some(url) = &settings.smtp_url else {
            return Ok(None);
        };
        let from = settings.smtp_from.clone().ok_or(Unusable::NoSender)?;
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())?;
        Ok(Some(Self { server: server.timeout(Some(TIMEOUT)).build(), from }))
    }

    /// Passes one mail on.
    pub(crate) async fn send(&self, to: &str, subject: &str, body: String) -> Result<(), Error> {
        let mail = self.mail(to, subject, body).map_err(|reason| Error { temporary: false, reason })?;
        let Ok(sent) = tokio::time::timeout(WHOLE, self.server.send(mail)).await else {
            return Err(Error { temporary: true, reason: "the mail server takes too long".to_owned() });
        };
        // Only the server's own word is final: whoever cannot be reached may be reached later.
        sent.map(drop).map_err(|error| Error { temporary: !error.is_permanent(), reason: error.to_string() })
    }

    fn mail(&self, to: &str, subject: &str, body: String) -> Result<Message, String> {
        let to: Mailbox = to.parse().map_err(|error| format!("{to}: {error}"))?;
        let id = format!("<{}@{}>", Uuid::new_v4(), self.from.email.domain());
        let mail = Message::builder().from(self.from.clone()).to(to).subject(subject);
        let mail = mail.message_id(Some(id)).header(ContentType::TEXT_PLAIN).body(body);
        mail.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
pub(crate) mod tests;
