//! The bodies that the messages of a queue hold. Those of messages that came from a topic belong to the publication.

use super::Queue;
use crate::message::Message;
use crate::{BodyRef, Holder, Position};
use std::collections::BTreeSet;

impl Queue {
    /// The bodies that were sent, each with who holds it.
    pub(crate) fn sent_bodies(&self) -> impl Iterator<Item = (Holder, BodyRef)> {
        let sent = self.messages.iter().filter(|(_, message)| message.via.is_none());
        sent.map(|(number, message)| (Holder::Message((self.id, number)), message.body))
    }

    /// All messages: who holds the body of each, and its identity.
    pub(crate) fn holders(&self) -> impl Iterator<Item = (Holder, u128)> {
        self.messages.iter().map(|(number, message)| match message.via {
            None => (Holder::Message((self.id, number)), message.id),
            Some(_) => (Holder::Publication(message.body.position), message.id),
        })
    }

    pub(crate) fn sent_body_mut(&mut self, number: u64) -> Option<&mut BodyRef> {
        let message = self.messages.get_mut(number)?;
        message.via.is_none().then_some(&mut message.body)
    }

    /// Removes the message, if it was sent to a queue.
    pub(crate) fn remove_sent(&mut self, number: u64) -> Option<Message> {
        self.messages.get(number).filter(|message| message.via.is_none())?;
        self.remove(number)
    }

    /// Removes all messages that came from these publications.
    pub(crate) fn remove_published(&mut self, publications: &BTreeSet<Position>) -> Vec<Message> {
        let concerned =
            |message: &Message| message.via.is_some() && publications.contains(&message.body.position);
        let found = self.messages.iter().filter(|(_, message)| concerned(message));
        let numbers: Vec<u64> = found.map(|(number, _)| number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }
}
