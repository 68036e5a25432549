//! Signatures by which a receiver knows that a message comes from this hub.
//!
//! Of two versions, as SNS has them: RSA with SHA-1 or with SHA-256, PKCS#1 v1.5, in base64. See
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>. The key is made once and kept
//! with the hub's state; receivers get it as a certificate that signs itself.

mod certificate;
mod key;
pub(crate) mod recent;
pub(crate) mod text;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use key::Key;

/// The versions of signatures: they differ in the hash alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    /// By SHA-1.
    One,
    /// By SHA-256.
    Two,
}

impl Version {
    /// From the topic attribute `SignatureVersion`, which has one of two values or is absent.
    pub(crate) fn of_topic(attribute: Option<&str>) -> Self {
        if attribute == Some("2") { Self::Two } else { Self::One }
    }

    /// As a message says it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
        }
    }

    fn digest(self, text: &str) -> digest::Digest {
        let algorithm = match self {
            Self::One => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Two => &digest::SHA256,
        };
        digest::digest(algorithm, text.as_bytes())
    }
}

/// Why there is no signature, or no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("no key for signatures could be made")]
    Generation,
    #[error("the stored key for signatures is damaged")]
    Damaged,
    #[error("the stored certificate is not that of the stored key")]
    Mismatch,
    #[error("a message could not be signed")]
    Signing,
}

/// A signer as texts, for whoever keeps it. The private key is in it, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// PKCS#8 in base64.
    pub(crate) private_key: String,
    /// PEM.
    pub(crate) certificate: String,
}

/// A key, and the certificate that says whose it is.
pub(crate) struct Signer {
    key: Key,
    stored: Stored,
    certificate_path: String,
}

impl Signer {
    /// A new key of 2048 bits, with its certificate.
    pub(crate) fn generate() -> Result<Self, Error> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::Generation)?;
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Error::Generation)?;
        let certificate = certificate::of_key(private.as_ref()).map_err(|_| Error::Generation)?;
        Self::from_stored(&Stored { private_key: STANDARD.encode(private.as_ref()), certificate })
    }

    /// The signer that was kept.
    pub(crate) fn from_stored(stored: &Stored) -> Result<Self, Error> {
        let private = STANDARD.decode(&stored.private_key).map_err(|_| Error::Damaged)?;
        let pair = KeyPair::from_pkcs8(&private).map_err(|_| Error::Damaged)?;
        let certificate = certificate::der(&stored.certificate).ok_or(Error::Damaged)?;
        if !certificate::is_of(&certificate, pair.public_key().as_ref()) {
            return Err(Error::Mismatch);
        }
        let key = Key::from_pkcs8(&private).ok_or(Error::Damaged)?;
        let certificate_path = certificate::path(&certificate);
        Ok(Self { key, stored: stored.clone(), certificate_path })
    }

    /// What is to be kept.
    pub(crate) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The certificate that receivers fetch.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.stored.certificate
    }

    /// Where they fetch it: the same for ever, and another for another certificate.
    pub(crate) fn certificate_path(&self) -> &str {
        &self.certificate_path
    }

    /// The signature of a text, in base64.
    pub(crate) fn sign(&self, version: Version, text: &str) -> Result<String, Error> {
        let signature = self.key.sign(version, version.digest(text).as_ref());
        signature.map(|signature| STANDARD.encode(signature)).ok_or(Error::Signing)
    }
}

#[cfg(test)]
mod tests;
