//! Signs for the hub: with one key for the life of its store, made when it is first needed and kept as a record.
//!
//! A signature takes most of a millisecond of a processor, so it is made away from the tasks that ask for it, by as
//! many threads at a time as there are processors, and once for a text.

use super::envelope::Signature;
use super::signature::recent::Signatures;
use super::signature::{self, Signer, Stored, Version};
use crate::engine;
use crate::hub::Hub;
use crate::shape::topic::attributes;
use queue_core::{Command, Name, Record, RecordKey, SetRecord, Tags};
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::sync::{OnceCell, Semaphore};

const KIND: &str = "signing-key";
const PRIVATE_KEY: &str = "private-key";
const CERTIFICATE: &str = "certificate";

/// Why something is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Signature(#[from] signature::Error),
    /// The key cannot be kept.
    #[error("the key for signatures cannot be kept: {0}")]
    Engine(#[from] engine::Error),
    /// The thread that made it has ended.
    #[error("a signature was not made to its end")]
    Cut,
}

/// The key of a hub, from when it is first needed.
pub(crate) struct Signing {
    signatures: OnceCell<Arc<Signatures>>,
    /// Of those who sign.
    turns: Semaphore,
}

impl Default for Signing {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { signatures: OnceCell::new(), turns: Semaphore::new(processors) }
    }
}

impl Hub {
    /// Signs a text of a topic, by the version that the topic asks for. The link to the certificate begins with this
    /// URL.
    pub(crate) async fn sign(&self, topic: &Name, text: String, base_url: &str) -> Result<Signature, Error> {
        let view = self.catalogue.topic(topic);
        let asked = view.and_then(|view| attributes::value(&view.attributes, "SignatureVersion"));
        let version = Version::of_topic(asked.as_deref());
        let signatures = self.signatures().await?;
        let certificate_url = format!("{base_url}{}", signatures.signer().certificate_path());
        let known = match signatures.known(version, &text) {
            Some(known) => known,
            None => self.make_signature(signatures, version, text).await?,
        };
        Ok(Signature { version, text: known, certificate_url })
    }

    async fn make_signature(
        &self,
        signatures: &Arc<Signatures>,
        version: Version,
        text: String,
    ) -> Result<Arc<str>, Error> {
        let _turn = self.signing.turns.acquire().await.map_err(|_| Error::Cut)?;
        // Others may have made it meanwhile.
        if let Some(known) = signatures.known(version, &text) {
            return Ok(known);
        }
        let signatures = Arc::clone(signatures);
        let made = tokio::task::spawn_blocking(move || signatures.of(version, &text)).await;
        Ok(made.map_err(|_| Error::Cut)??)
    }

    /// The certificate that is fetched by this path, in PEM; none if nothing was signed by it.
    pub(crate) fn certificate(&self, path: &str) -> Result<Option<String>, Error> {
        let certificate = |signer: &Signer| {
            (signer.certificate_path() == path).then(|| signer.certificate_pem().to_owned())
        };
        match self.signing.signatures.get() {
            Some(signatures) => Ok(certificate(signatures.signer())),
            None => Ok(self.kept_signer()?.as_ref().and_then(certificate)),
        }
    }

    async fn signatures(&self) -> Result<&Arc<Signatures>, Error> {
        let made = self.signing.signatures.get_or_try_init(|| async {
            let signer = match self.kept_signer()? {
                Some(signer) => signer,
                None => self.new_signer().await?,
            };
            Ok(Arc::new(Signatures::new(signer)))
        });
        made.await
    }

    fn kept_signer(&self) -> Result<Option<Signer>, Error> {
        let kept = self.catalogue.record(&key());
        Ok(kept.map(|record| Signer::from_stored(&stored(&record))).transpose()?)
    }

    /// Makes a key and keeps it. Whoever else kept one first wins.
    async fn new_signer(&self) -> Result<Signer, Error> {
        let signer = tokio::task::spawn_blocking(Signer::generate).await.map_err(|_| Error::Cut)??;
        let Stored { private_key, certificate } = signer.stored();
        let fields: Tags = [(PRIVATE_KEY, private_key), (CERTIFICATE, certificate)]
            .into_iter()
            .map(|(name, text)| (name.into(), text.as_str().into()))
            .collect();
        let command = Command::SetRecord(SetRecord { key: key(), seen: 0, fields: Some(fields) });
        match self.engine.execute(command, Vec::new()).await {
            Ok(_) => Ok(signer),
            Err(engine::Error::Refused(queue_core::Error::Stale)) => {
                self.kept_signer()?.ok_or(Error::Signature(signature::Error::Damaged))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// There is one key for all accounts and regions.
fn key() -> RecordKey {
    RecordKey { kind: KIND.into(), name: Name::new("", "", "") }
}

fn stored(record: &Record) -> Stored {
    let field = |name: &str| record.fields.get(name).map(|text| text.to_string()).unwrap_or_default();
    Stored { private_key: field(PRIVATE_KEY), certificate: field(CERTIFICATE) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[actix_web::test]
    async fn a_hub_signs_with_one_key_and_shows_its_certificate() {
        let hub = Hub::in_memory(Settings::default()).unwrap();
        let topic = Name::new("000000000000", "us-east-1", "orders");
        assert_eq!(hub.certificate("/SimpleNotificationService-0.pem"), Ok(None));
        let sign = |text: &'static str| hub.sign(&topic, text.to_owned(), "http://localhost:4566");
        let (one, same, other) =
            (sign("a").await.unwrap(), sign("a").await.unwrap(), sign("b").await.unwrap());
        assert!(Arc::ptr_eq(&one.text, &same.text));
        assert_ne!(one.text, other.text);
        assert_eq!(one.version, Version::One);
        let path = one.certificate_url.strip_prefix("http://localhost:4566").unwrap();
        let certificate = hub.certificate(path).unwrap().unwrap();
        assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
        assert_eq!(hub.certificate("/SimpleNotificationService-0.pem"), Ok(None));
    }

    #[actix_web::test]
    async fn of_two_who_make_a_key_the_one_that_was_kept_wins() {
        let hub = Hub::in_memory(Settings::default()).unwrap();
        let (one, other) = tokio::join!(hub.new_signer(), hub.new_signer());
        let path = |signer: Result<Signer, Error>| signer.unwrap().certificate_path().to_owned();
        let path_of_one = path(one);
        assert_eq!(path_of_one, path(other));
        assert!(hub.certificate(&path_of_one).unwrap().is_some());
    }
}
