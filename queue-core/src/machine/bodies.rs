//! Who still needs which body. A sent body belongs to one message at a time; a published one to as many as it
//! went to.

use super::{Machine, Scope};
use crate::message::{Message, Publication};
use crate::{BodyRef, Received, Topical};

impl Machine {
    /// A message is gone for good.
    pub(super) fn discard(&mut self, message: &Message, scope: &mut Scope<'_>) {
        let position = message.body.position;
        if message.via.is_none() {
            scope.applied.released.push(position);
            return;
        }
        if let Some(publication) = self.publications.get_mut(&position) {
            publication.references = publication.references.saturating_sub(1);
            if publication.references == 0 {
                self.publications.remove(&position);
                scope.applied.released.push(position);
            }
        }
    }

    /// Keeps the body of a publish that went to `references` queues.
    pub(super) fn keep_publication(
        &mut self,
        body: BodyRef,
        publication: Publication,
        scope: &mut Scope<'_>,
    ) {
        if publication.references > 0 {
            scope.applied.kept += 1;
            self.publications.insert(body.position, publication);
        }
    }

    /// What a receiver is told of the message.
    pub(super) fn describe(&self, receipt: crate::Receipt, message: &Message, scope: &Scope<'_>) -> Received {
        let topical = message.via.and_then(|via| {
            let publication = self.publications.get(&message.body.position)?;
            Some(Topical {
                subscription: via.subscription,
                raw: via.raw,
                id: publication.id,
                sequence: publication.sequence,
            })
        });
        let fifo = self.queues.get(&receipt.queue).is_some_and(|queue| queue.attributes.fifo);
        Received {
            receipt,
            id: message.id,
            body: message.body,
            sent: message.sent,
            first_received: message.first_received.unwrap_or(scope.now),
            receives: message.receives,
            sequence: fifo.then_some(receipt.number),
            source: message.source.clone(),
            topical,
        }
    }
}
