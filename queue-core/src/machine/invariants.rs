//! What must hold of the machine between any two entries.

use super::Machine;
use crate::message::Message;
use crate::{Position, Priority, Queue, QueueId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Machine {
    /// The bodies that something refers to, also something that waits to be reclaimed.
    pub(crate) fn bodies(&self) -> BTreeSet<Position> {
        self.all_bodies().into_keys().collect()
    }

    /// Each body once, with its length.
    fn all_bodies(&self) -> BTreeMap<Position, u32> {
        let place = |message: &Message| match message.via {
            None => message.body,
            Some(_) => self.publications[&message.body.position].body,
        };
        let archives = self.topics.values().map(|topic| &topic.archive).chain(&self.archives_cut_off);
        let archived =
            archives.flat_map(|archive| archive.iter()).map(|identity| self.publications[&identity].body);
        self.messages().map(place).chain(archived).map(|body| (body.position, body.bytes)).collect()
    }

    /// How many messages wait to be reclaimed.
    pub(crate) fn unreclaimed(&self) -> usize {
        let archived: usize = self.archives_cut_off.iter().map(|archive| archive.iter().count()).sum();
        archived + self.reclaim.iter().map(|remains| remains.messages().count()).sum::<usize>()
    }

    fn messages(&self) -> impl Iterator<Item = &Message> {
        let cut_off = self.reclaim.iter().flat_map(|remains| remains.messages());
        self.queues.values().flat_map(|queue| queue.messages()).chain(cut_off)
    }

    pub(crate) fn assert_consistent(&self) {
        self.queues.values().for_each(|queue| queue.assert_consistent());
        self.assert_bodies();
        self.assert_places();
        assert_eq!(self.weight, self.weigh_everything(), "the kept weight is what is weighed");
        self.assert_due();
        self.assert_names();
        self.assert_subscriptions();
        self.assert_moves();
        self.assert_members();
        assert!(
            self.reclaim.iter().all(|remains| !remains.is_empty()),
            "what is waiting to be reclaimed is something"
        );
    }

    fn assert_bodies(&self) {
        let mut references = BTreeMap::<Position, u32>::new();
        let mut sent = BTreeSet::new();
        for message in self.messages() {
            if message.via.is_some() {
                *references.entry(message.body.position).or_default() += 1;
            } else {
                assert!(sent.insert(message.body.position), "a sent body belongs to one message");
            }
        }
        assert!(references.keys().all(|position| !sent.contains(position)), "sent or published");
        let archives = self.topics.values().map(|topic| &topic.archive).chain(&self.archives_cut_off);
        for identity in archives.flat_map(|archive| archive.iter()) {
            *references.entry(identity).or_default() += 1;
        }
        let kept: BTreeMap<Position, u32> = self
            .publications
            .iter()
            .map(|(position, publication)| (*position, publication.references))
            .collect();
        assert_eq!(kept, references, "a published body knows who refers to it");
    }

    fn assert_places(&self) {
        let all = self.all_bodies();
        assert_eq!(self.body_bytes, all.values().map(|bytes| u64::from(*bytes)).sum(), "kept and counted");
        let live: Vec<_> = self.live_bodies().collect();
        let holders: BTreeSet<_> = live.iter().map(|(holder, _)| *holder).collect();
        assert_eq!(holders.len(), live.len(), "each holder holds one body");
        let bodies: BTreeMap<_, _> = live.iter().map(|(_, body)| (body.position, body.bytes)).collect();
        assert_eq!(bodies.len(), live.len(), "each body is held once");
        assert!(bodies.iter().all(|(position, bytes)| all.get(position) == Some(bytes)));
        let cut_off = self.reclaim.iter().flat_map(|remains| remains.messages());
        let sent = cut_off.filter(|message| message.via.is_none()).count();
        assert_eq!(bodies.len() + sent, all.len(), "all but what was cut off is live");
    }

    fn assert_due(&self) {
        let due: BTreeSet<(Timestamp, QueueId)> =
            self.queues.values().filter_map(|queue| Some((queue.registered?, queue.id))).collect();
        assert_eq!(self.due, due, "each queue is due once");
        let topics: BTreeSet<_> =
            self.topics.values().filter_map(|topic| Some((topic.next_due()?, topic.id))).collect();
        assert_eq!(self.topics_due, topics, "each topic is due once");
        assert!(self.topics.values().all(|topic| topic.registered == topic.next_due()));
    }

    fn assert_names(&self) {
        let queues = self.queues.iter().filter(|(_, queue)| !queue.is_internal());
        let queues = queues.map(|(id, queue)| (queue.name.clone(), *id));
        assert_eq!(self.queue_names, queues.collect());
        let records = self.records.iter().map(|(id, record)| (record.key.clone(), *id));
        assert_eq!(self.record_keys, records.collect());
        let topics = self.topics.iter().map(|(id, topic)| (topic.name.clone(), *id));
        assert_eq!(self.topic_names, topics.collect());
    }

    fn assert_members(&self) {
        let priority = |queue: &Queue| queue.attributes.priority.clone();
        let pairs = self.queues.values().filter_map(|queue| Some((queue.id, priority(queue)?)));
        let members = |(of, priority): (QueueId, Arc<Priority>)| {
            let members: Vec<_> = priority.members.iter().map(|member| (member.queue, of)).collect();
            members
        };
        let known = self.queues.values().flat_map(|queue| queue.member_of().map(|of| (queue.id, of)));
        assert_eq!(
            pairs.flat_map(members).collect::<BTreeSet<_>>(),
            known.collect(),
            "each member knows its priority queues"
        );
        let composed = || self.queues.values().filter(|queue| priority(queue).is_some());
        assert!(composed().all(|queue| queue.messages().next().is_none()), "they hold nothing");
        assert!(composed().all(|queue| queue.member_of().next().is_none()), "they are members of none");
    }

    fn assert_subscriptions(&self) {
        let endpoints = self
            .subscriptions
            .values()
            .map(|subscription| ((subscription.topic, subscription.endpoint.clone()), subscription.id));
        assert_eq!(self.by_endpoint, endpoints.collect(), "each endpoint once for each topic");
        let all = || self.subscriptions.values();
        let queues = all().filter_map(|subscription| Some((subscription.queue?, subscription.id)));
        let internal = self.queues.values().filter_map(|queue| Some((queue.id, queue.of?)));
        assert_eq!(
            queues.collect::<BTreeMap<_, _>>(),
            internal.collect(),
            "each subscription to the outside has its queue, and each such queue its subscription"
        );
        let due = all().filter_map(|subscription| Some((subscription.forgotten_at()?, subscription.id)));
        assert_eq!(self.subscriptions_due, due.collect(), "each that is to be forgotten is due once");
    }
}
