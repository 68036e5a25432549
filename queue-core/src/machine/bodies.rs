//! Who still needs which body, and where it lies. A sent body belongs to one message at a time; a published one to as
//! many as it went to.

use super::{Machine, Scope, weight};
use crate::message::{Message, Publication};
use crate::planted::{self, Bug};
use crate::{BodyRef, Carry, Discard, Holder, Position, QueueId, Received, Reply, Tally, TopicId, Topical};
use std::collections::BTreeSet;

impl Machine {
    /// Every body that a queue's message or a publication holds, each once. A message that was cut off by a purge or
    /// a deletion, and only waits to be reclaimed, holds none.
    pub fn live_bodies(&self) -> impl Iterator<Item = (Holder, BodyRef)> {
        let sent = self.queues.values().flat_map(|queue| queue.sent_bodies());
        let published = self.publications.iter();
        sent.chain(
            published.map(|(identity, publication)| (Holder::Publication(*identity), publication.body)),
        )
    }

    /// Every message of every queue: its queue, its identity, and who holds its body.
    pub fn holders(&self) -> impl Iterator<Item = (QueueId, u128, Holder)> {
        let queues = self.queues.iter();
        queues.flat_map(|(id, queue)| queue.holders().map(|(holder, message)| (*id, message, holder)))
    }

    /// Every message of every archive: its topic, its identity, and who holds its body.
    pub fn archived_holders(&self) -> impl Iterator<Item = (TopicId, u128, Holder)> {
        let archived =
            self.topics.values().flat_map(|topic| topic.archive.iter().map(|position| (topic.id, position)));
        archived.filter_map(|(topic, position)| {
            let publication = self.publications.get(&position)?;
            Some((topic, publication.id, Holder::Publication(position)))
        })
    }

    /// The lengths of all bodies that something refers to, also something that waits to be reclaimed.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// A message is gone for good.
    pub(super) fn discard(&mut self, message: &Message, scope: &mut Scope<'_>) {
        if message.via.is_none() {
            return self.release(message.body, scope);
        }
        self.unreference(message.body.position, scope);
    }

    /// A publication is needed once less.
    pub(super) fn unreference(&mut self, identity: Position, scope: &mut Scope<'_>) {
        let Some(publication) = self.publications.get_mut(&identity) else {
            return;
        };
        publication.references = publication.references.saturating_sub(1);
        if publication.references == 0 {
            let body = publication.body;
            self.publications.remove(&identity);
            self.lighten(weight::OF_PUBLICATION);
            self.release(body, scope);
        }
    }

    fn release(&mut self, body: BodyRef, scope: &mut Scope<'_>) {
        self.body_bytes = self.body_bytes.saturating_sub(u64::from(body.bytes));
        scope.applied.released.push(body.position);
    }

    /// Keeps what was published, if it went to any queue.
    pub(super) fn keep_publication(&mut self, publication: Publication, scope: &mut Scope<'_>) {
        if publication.references > 0 {
            scope.applied.kept += 1;
            self.body_bytes += u64::from(publication.body.bytes);
            self.reweigh(0, weight::OF_PUBLICATION);
            self.publications.insert(publication.body.position, publication);
        }
    }

    /// Moves each reference that is still there. What became of the others meanwhile does not matter: their old
    /// bodies are released already, or will be carried under another holder.
    pub(super) fn carry(&mut self, carry: &Carry, scope: &mut Scope<'_>) -> Reply {
        for carried in &carry.bodies {
            let Some(place) = self.place_of(carried.holder) else {
                continue;
            };
            if place.position == carried.from && place.bytes == carried.body.bytes {
                *place = carried.body;
                place.position.0 += u64::from(planted::is(Bug::CarriedBodyLost));
                scope.applied.kept += 1;
                scope.applied.released.push(carried.from);
            }
        }
        Reply::Done
    }

    fn place_of(&mut self, holder: Holder) -> Option<&mut BodyRef> {
        match holder {
            Holder::Message((queue, number)) => self.queues.get_mut(&queue)?.sent_body_mut(number),
            Holder::Publication(identity) => Some(&mut self.publications.get_mut(&identity)?.body),
        }
    }

    /// Removes the messages that hold these bodies, whatever their state.
    pub(super) fn discard_damaged(&mut self, discard: &Discard, scope: &mut Scope<'_>) -> Reply {
        let mut published = BTreeSet::new();
        for holder in &discard.holders {
            match *holder {
                Holder::Message((id, number)) => {
                    let queue = self.queues.get_mut(&id);
                    if let Some(message) = queue.and_then(|queue| queue.remove_sent(number)) {
                        self.discard(&message, scope);
                        self.touch(id, Tally::default(), scope);
                    }
                }
                Holder::Publication(identity) => drop(published.insert(identity)),
            }
        }
        published.retain(|identity| self.publications.contains_key(identity));
        self.discard_published(&published, scope);
        Reply::Done
    }

    /// Looks through everything, since nobody knows which messages refer to a publication: damage is rare, and an
    /// index for it would cost every publish.
    fn discard_published(&mut self, published: &BTreeSet<Position>, scope: &mut Scope<'_>) {
        if published.is_empty() {
            return;
        }
        let mut gone = Vec::new();
        for (id, queue) in &mut self.queues {
            gone.push((*id, queue.remove_published(published)));
        }
        for (id, messages) in gone.into_iter().filter(|(_, messages)| !messages.is_empty()) {
            for message in &messages {
                self.discard(message, scope);
            }
            self.touch(id, Tally::default(), scope);
        }
        let mut archived = Vec::new();
        for topic in self.topics.values_mut() {
            archived.extend(topic.archive.remove_all(published));
        }
        for archive in &mut self.archives_cut_off {
            let before = archive.weigh();
            archived.extend(archive.remove_all(published));
            self.weight = self.weight.saturating_sub(before).saturating_add(archive.weigh());
        }
        self.archives_cut_off.retain(|archive| !archive.is_empty());
        for identity in archived {
            self.unreference(identity, scope);
        }
        let topics: Vec<_> = self.topics.keys().copied().collect();
        for id in topics {
            self.weigh_topic(id);
            self.time_topic(id);
        }
    }

    /// What a receiver is told of the message.
    pub(super) fn describe(&self, receipt: crate::Receipt, message: &Message, scope: &Scope<'_>) -> Received {
        let publication = message.via.and_then(|_| self.publications.get(&message.body.position));
        let topical = message.via.zip(publication).map(|(via, publication)| Topical {
            subscription: via.subscription,
            raw: via.raw,
            id: publication.id,
            sequence: publication.sequence,
            replayed: via.replayed,
        });
        let fifo = self.queues.get(&receipt.queue).is_some_and(|queue| queue.attributes.fifo);
        Received {
            receipt,
            id: message.id,
            body: publication.map_or(message.body, |publication| publication.body),
            sent: message.sent,
            first_received: message.first_received.unwrap_or(scope.now),
            receives: message.receives,
            attempts: message.receives.saturating_sub(message.receives_before),
            sequence: fifo.then_some(receipt.number),
            source: message.source.as_ref().map(|source| Box::new((**source).clone())),
            topical,
        }
    }
}
