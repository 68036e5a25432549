//! Replays: messages are taken from an archive a page at a time, and those that pass are delivered again.
//!
//! A page is a look at the machine, a while with the disk away from all other work, and one command. So an archive of
//! any length holds nobody up, and what it needs does not grow with it.

pub(crate) mod asked;
pub(crate) mod policy;

use crate::content::{Content, Published};
use crate::engine::{Archived, Error, Span};
use crate::hub::Hub;
use crate::secrets::Secrets;
use crate::shape::publication;
use crate::storage;
use bytes::Bytes;
use filters::Policy;
use queue_core::codec::{Codec as _, Reader};
use queue_core::{ArchivedMessage, BodyRef, Outbound};
use std::sync::Arc;

/// Messages of a page.
const PAGE_MESSAGES: usize = 200;

/// Bytes of the bodies of a page, unless one alone is longer.
const PAGE_BYTES: u64 = 4 << 20;

/// Some messages of an archive, one after the other.
#[derive(Debug, Default)]
struct Page {
    /// The number of the last of them; that of the page before if there are none.
    reached: u64,
    /// Those that are to be delivered again.
    passed: Vec<Outbound>,
    /// How many do not pass.
    filtered: u64,
    /// How many cannot be read any more.
    damaged: u64,
}

/// What decides which messages are delivered again.
#[derive(Clone)]
struct Sieve {
    /// Of whoever gets them, whose text the filters are shown.
    protocol: Arc<str>,
    filters: Arc<[Policy]>,
}

/// The next page of a span after a number, of which passes what the sieve lets through.
async fn page(hub: &Hub, span: Span, after: u64, sieve: &Sieve) -> Result<Page, Error> {
    let found = hub.engine.archived(span, after, PAGE_MESSAGES, PAGE_BYTES).await?;
    if found.is_empty() {
        return Ok(Page { reached: after, ..Page::default() });
    }
    let (secrets, sieve) = (Arc::clone(&hub.secrets), sieve.clone());
    // If the runtime is ending, nobody needs the page.
    tokio::task::spawn_blocking(move || read(found, &secrets, &sieve)).await.map_err(|_| Error::Stopped)?
}

/// Reads the bodies, each only as long as it is looked at.
fn read(found: Vec<Archived>, secrets: &Secrets, sieve: &Sieve) -> Result<Page, Error> {
    let mut page = Page::default();
    for Archived { message, body } in found {
        match body.load().map(|bytes| published(&bytes)) {
            Ok(Some(published)) => {
                let body = BodyRef { position: message.publication, bytes: message.body.bytes };
                match publication::again(&published, body, &sieve.protocol, secrets, &sieve.filters) {
                    Some(outbound) => page.passed.push(outbound),
                    None => page.filtered += 1,
                }
            }
            // It may have been carried elsewhere meanwhile: the next page begins with it, and looks anew.
            Err(_) if page.reached > 0 => break,
            Err(error) if !is_damage(&error) => {
                tracing::error!(%error, "an archive cannot be read now");
                return Err(Error::Damaged);
            }
            Ok(None) | Err(_) => {
                report_damage(&message);
                page.damaged += 1;
            }
        }
        page.reached = message.number;
    }
    Ok(page)
}

fn published(bytes: &Bytes) -> Option<Published> {
    Content::decode(&mut Reader::new(bytes)).ok()?.into_published()
}

/// Whether the body is gone, and not only out of reach.
fn is_damage(error: &storage::Error) -> bool {
    matches!(error, storage::Error::Body { .. })
}

fn report_damage(message: &ArchivedMessage) {
    let (position, number) = (message.body.position.0, message.number);
    tracing::error!(
        position,
        number,
        "the body of an archived message is damaged; it is not delivered again"
    );
}
