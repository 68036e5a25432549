//! [`Members`]: a JSON object, written in the order in which its members are given and spaced as AWS spaces it.

use super::Signature;

#[derive(Default)]
pub(super) struct Members(String);

impl Members {
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.member(name, &quoted(value));
    }

    pub(super) fn member(&mut self, name: &str, json: &str) {
        self.0.push_str(if self.0.is_empty() { "{\n  " } else { ",\n  " });
        self.0.push_str(&quoted(name));
        self.0.push_str(" : ");
        self.0.push_str(json);
    }

    pub(super) fn signature(&mut self, signature: &Signature) {
        self.text("SignatureVersion", signature.version.number());
        self.text("Signature", &signature.text);
        self.text("SigningCertURL", &signature.certificate_url);
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("\n}");
        self.0
    }
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
