//! The settings of mails.

use std::fmt;

use lettre::message::Mailbox;
use reqwest::Url;

use super::{Shape, Value};

/// A mail server: how to reach it, and as whom. It holds a password, so it is not shown where settings are logged.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SmtpUrl(String);

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SmtpUrl")
    }
}

impl SmtpUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(text: &str) -> bool {
        let Ok(url) = Url::parse(text) else {
            return false;
        };
        let is_known = match url.scheme() {
            "smtps" => url.query().is_none(),
            "smtp" => matches!(url.query(), None | Some("tls=required" | "tls=opportunistic")),
            _ => false,
        };
        is_known && url.host_str().is_some_and(|host| !host.is_empty())
    }
}

impl Value for Option<SmtpUrl> {
    const SHAPE: Shape = Shape::One("URL");

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a mail server such as smtp://user:password@host:25 or smtps://host".to_owned();
        if SmtpUrl::is_valid(text) { Ok(Some(SmtpUrl(text.to_owned()))) } else { Err(wrong()) }
    }

    fn show(&self) -> String {
        self.as_ref().map(|url| url.0.clone()).unwrap_or_default()
    }
}

impl Value for Option<Mailbox> {
    const SHAPE: Shape = Shape::One("MAIL ADDRESS");

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Some).map_err(|_| "a mail address such as hub@example.com".to_owned())
    }

    fn show(&self) -> String {
        self.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}
