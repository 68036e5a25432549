//! The commands that the lines of a timetable stand for.

use super::Player;
use crate::tests::script::{Line, Part, duration};
use crate::tests::world::{Bearing, START};
use crate::{
    BodyRef, Bury, CancelMove, ChangeVisibility, Clock, Command, CreateQueue, CreateTopic, DeduplicationKeys,
    DeduplicationScope, Delete, Discard, GiveBack, Member, Name, Outbound, Outgoing, Position, Priority,
    PriorityPolicy, Publish, PurgeQueue, QueueAttributes, QueueId, Receipt, Receive, RedrivePolicy, Renew,
    ReplayPolicy, Send, SetQueueAttributes, SetQueueTags, SetSubscriptionAttributes, SetTopicAttributes,
    StartMove, SubscriptionAttributes, Tags, TopicAttributes, TopicId, Vouch,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

mod outside;

impl Player {
    fn queue(&self, line: &Line<'_>) -> QueueId {
        // A queue that never was has an identity that is never given.
        self.queue_called(&line.object).unwrap_or(QueueId(u64::MAX))
    }

    fn topic(&self, name: &str) -> TopicId {
        self.topics.get(name).copied().unwrap_or(TopicId(u64::MAX))
    }

    pub(super) fn command(&self, line: &Line<'_>) -> Bearing {
        let first = &line.parts[0];
        let plain = |command| (command, Vec::new());
        match line.verb.as_str() {
            "tick" => plain(Command::Tick),
            "clock" => plain(Command::SetClock(Clock {
                frozen: first.says("frozen"),
                ahead: first.duration("ahead").unwrap_or_default(),
                behind: first.duration("behind").unwrap_or_default(),
            })),
            "create" => plain(Command::CreateQueue(CreateQueue {
                name: name(&line.object),
                attributes: self.queue_attributes(QueueAttributes::default(), first),
                tags: Tags::new(),
                hold_deleted_name: first.says("held"),
            })),
            "set" => plain(self.set_queue(line)),
            "tag" => {
                let id = self.queue(line);
                let tags =
                    first.settings.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
                plain(Command::SetQueueTags(SetQueueTags {
                    queue: id,
                    seen: self.world.machine.queue(id).map_or(0, |queue| queue.version)
                        - u64::from(first.says("stale")),
                    tags: tags.collect(),
                }))
            }
            "delete-queue" => plain(Command::DeleteQueue(self.queue(line))),
            "purge" => plain(Command::PurgeQueue(PurgeQueue {
                queue: self.queue(line),
                not_within: first.duration("guard").unwrap_or_default(),
            })),
            "send" => self.send(line),
            "fill" => self.fill(line),
            "receive" => plain(self.receive(line)),
            "delete" => plain(Command::Delete(Delete {
                queue: self.queue(line),
                receipts: line.parts.iter().map(|part| self.receipt(&part.words[0])).collect(),
            })),
            "visibility" => plain(self.change_visibility(line)),
            "carry" => self.carry(line),
            "vouch" => plain(Command::Vouch(Vouch {
                after: Position(1),
                fingerprint: self.world.machine.fingerprint(),
            })),
            "discard" => plain(Command::Discard(Discard {
                holders: self.noted[&line.object].iter().map(|(holder, _)| *holder).collect(),
            })),
            "move" => plain(Command::StartMove(StartMove {
                source: self.queue(line),
                destination: first.setting("to").map(name),
                per_second: first.number("rate"),
            })),
            "cancel" => plain(self.cancel(line)),
            "renew" => plain(Command::Renew(Renew {
                queue: self.queue(line),
                receipts: line.parts.iter().map(|part| self.receipt(&part.words[0])).collect(),
                visibility: first.duration("for").unwrap_or_default(),
            })),
            "bury" => plain(Command::Bury(Bury {
                queue: self.queue(line),
                receipts: line.parts.iter().map(|part| self.receipt(&part.words[0])).collect(),
            })),
            "undo" => plain(Command::GiveBack(GiveBack {
                queue: self.queue(line),
                receipts: line.parts.iter().map(|part| self.receipt(&part.words[0])).collect(),
            })),
            _ => self.topical_command(line),
        }
    }

    fn topical_command(&self, line: &Line<'_>) -> Bearing {
        let first = &line.parts[0];
        let plain = |command| (command, Vec::new());
        match line.verb.as_str() {
            "topic" => plain(Command::CreateTopic(CreateTopic {
                name: name(&line.object),
                attributes: topic_attributes(first),
                tags: Tags::new(),
            })),
            "set-topic" => {
                let id = self.topic(&line.object);
                let version = self.world.machine.topic(id).map_or(0, |topic| topic.version);
                plain(Command::SetTopicAttributes(SetTopicAttributes {
                    topic: id,
                    seen: version.wrapping_sub(u64::from(first.says("stale"))),
                    attributes: topic_attributes(first),
                }))
            }
            "delete-topic" => plain(Command::DeleteTopic(self.topic(&line.object))),
            "subscribe" => self.subscribe(first),
            "set-subscription" => {
                let id = self.subscriptions[&line.object];
                let version = self.world.machine.subscription(id).map_or(0, |found| found.version);
                plain(Command::SetSubscriptionAttributes(SetSubscriptionAttributes {
                    subscription: id,
                    seen: version.wrapping_sub(u64::from(first.says("stale"))),
                    attributes: subscription_attributes(first),
                }))
            }
            "unsubscribe" => plain(Command::Unsubscribe(self.subscriptions[&line.object])),
            "publish" => self.publish(line),
            _ => self.outside_command(line),
        }
    }

    fn set_queue(&self, line: &Line<'_>) -> Command {
        let (id, first) = (self.queue(line), &line.parts[0]);
        let queue = self.world.machine.queue(id);
        let (version, attributes) = match queue {
            Some(queue) => (queue.version, queue.attributes.clone()),
            None => (1, QueueAttributes::default()),
        };
        Command::SetQueueAttributes(SetQueueAttributes {
            queue: id,
            seen: version.wrapping_sub(u64::from(first.says("stale"))),
            attributes: self.queue_attributes(attributes, first),
        })
    }

    fn queue_attributes(&self, before: QueueAttributes, part: &Part) -> QueueAttributes {
        let priority = part.setting("members").map(|members| Arc::new(self.priority(members, part)));
        let attributes = queue_attributes(before, part);
        QueueAttributes { priority: priority.or_else(|| attributes.priority.clone()), ..attributes }
    }

    /// Members are joined by `+`; each may have a weight behind `*`.
    fn priority(&self, members: &str, part: &Part) -> Priority {
        let member = |text: &str| {
            let (name, weight) = text.split_once('*').unwrap_or((text, "1"));
            let queue = self.queue_called(name).unwrap_or(QueueId(u64::MAX));
            Member { queue, name: name.into(), weight: weight.parse().expect(text) }
        };
        Priority {
            policy: if part.says("weighted") { PriorityPolicy::Weighted } else { PriorityPolicy::Strict },
            members: members.split('+').map(member).collect(),
            maximum_wait: part.duration("wait"),
        }
    }

    fn send(&self, line: &Line<'_>) -> Bearing {
        let messages = line.parts.iter().map(|part| Outgoing {
            body: body(part.text()),
            delay: part.duration("delay"),
            group: part.setting("group").map(Into::into),
            deduplication: keys(part),
        });
        let command = Command::Send(Send { queue: self.queue(line), messages: messages.collect() });
        (command, bytes(&line.parts))
    }

    /// Sends as many messages as the line says, in one command.
    fn fill(&self, line: &Line<'_>) -> Bearing {
        let first = &line.parts[0];
        let count: usize = first.words[0].parse().expect(line.text);
        let texts: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
        let messages = texts.iter().map(|text| Outgoing {
            body: body(text),
            delay: None,
            group: first.setting("group").map(Into::into),
            deduplication: Some(DeduplicationKeys { overall: hash(text), in_group: hash(text) }),
        });
        let command = Command::Send(Send { queue: self.queue(line), messages: messages.collect() });
        (command, texts.iter().map(|text| text.as_bytes().to_vec()).collect())
    }

    /// Ends the move task of that number, counted from the newest.
    fn cancel(&self, line: &Line<'_>) -> Command {
        let source = self.queue(line);
        let age = line.parts[0].number("age").unwrap_or(0);
        let task = self.world.machine.move_tasks(source).nth(age as usize);
        Command::CancelMove(CancelMove { source, task: task.map_or(0, |task| task.id) })
    }

    fn receive(&self, line: &Line<'_>) -> Command {
        let (id, first) = (self.queue(line), &line.parts[0]);
        let timeout = |id| self.world.machine.queue(id).map(|queue| queue.attributes.visibility_timeout);
        Command::Receive(Receive {
            queue: id,
            maximum: first.number("max").unwrap_or(10),
            visibility: first.duration("visibility").or_else(|| timeout(id)).unwrap_or_default(),
            attempt: first.setting("attempt").map(hash),
        })
    }

    fn receipt(&self, number: &str) -> Receipt {
        self.receipts[number.parse::<usize>().expect(number) - 1]
    }

    fn change_visibility(&self, line: &Line<'_>) -> Command {
        let changes = line.parts.iter().flat_map(|part| &part.settings);
        Command::ChangeVisibility(ChangeVisibility {
            queue: self.queue(line),
            changes: changes.map(|(number, time)| (self.receipt(number), duration(time))).collect(),
        })
    }

    /// Brings copies of noted bodies; said to be from elsewhere, or cut short, if the line says so.
    fn carry(&self, line: &Line<'_>) -> Bearing {
        let first = &line.parts[0];
        let (mut command, mut copies) = self.world.carry(&self.noted[&line.object]);
        if let Command::Carry(carry) = &mut command {
            for (carried, copy) in carry.bodies.iter_mut().zip(&mut copies) {
                carried.from.0 += u64::from(first.says("wrong"));
                carried.body.bytes -= u32::from(first.says("short"));
                copy.truncate(carried.body.bytes as usize);
            }
        }
        (command, copies)
    }

    fn publish(&self, line: &Line<'_>) -> Bearing {
        let id = self.topic(&line.object);
        let topic = self.world.machine.topic(id);
        let messages = line.parts.iter().map(|part| {
            let bytes = part.text().len() as u32;
            let everybody = || topic.map(|topic| topic.subscriptions.iter().copied().collect());
            let some = part.setting("to").map(|names| match names {
                "nobody" => Vec::new(),
                names => names.split('+').map(|name| self.subscriptions[name]).collect(),
            });
            Outbound {
                body: body(part.text()),
                matches: some.or_else(everybody).unwrap_or_default(),
                group: part.setting("group").map(Into::into),
                priority: part.setting("priority").map(Into::into),
                deduplication: keys(part).filter(|_| topic.is_some_and(|topic| topic.attributes.fifo)),
                raw_bytes: part.number("raw-bytes").unwrap_or(bytes),
                envelope_bytes: part.number("envelope-bytes").unwrap_or(bytes + 500),
                attributes: part.number("attributes").unwrap_or(0),
            }
        });
        let version = topic.map_or(1, |topic| topic.subscriptions_version);
        let command = Command::Publish(Publish {
            topic: id,
            seen: version.wrapping_sub(u64::from(line.parts[0].says("stale"))),
            messages: messages.collect(),
        });
        (command, bytes(&line.parts))
    }
}

pub(in crate::tests) fn name(name: &str) -> Name {
    Name::new("000000000000", "local", name)
}

/// A body that has no place yet.
pub(in crate::tests) fn body(text: &str) -> BodyRef {
    BodyRef { position: Position::default(), bytes: text.len() as u32 }
}

/// Something like a keyed hash.
pub(in crate::tests) fn hash(text: &str) -> u128 {
    text.bytes().fold(17, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

fn bytes(parts: &[Part]) -> Vec<Vec<u8>> {
    parts.iter().map(|part| part.text().as_bytes().to_vec()).collect()
}

/// Of the id that was said, or of the body.
fn keys(part: &Part) -> Option<DeduplicationKeys> {
    let id = part.setting("id").unwrap_or(part.text());
    let group = part.setting("group").unwrap_or("");
    (id != "none").then(|| DeduplicationKeys { overall: hash(id), in_group: hash(&format!("{group}/{id}")) })
}

fn scope(text: Option<&str>) -> DeduplicationScope {
    match text {
        Some("group") => DeduplicationScope::Group,
        _ => DeduplicationScope::Everything,
    }
}

fn queue_attributes(before: QueueAttributes, part: &Part) -> QueueAttributes {
    let redrive = match part.setting("dlq").map(|policy| policy.split_once('/')) {
        None => before.redrive,
        Some(None) => None,
        Some(Some((target, maximum))) => {
            Some(RedrivePolicy { target: name(target), maximum_receives: maximum.parse().expect(maximum) })
        }
    };
    let duration = |key, before: Duration| part.duration(key).unwrap_or(before);
    QueueAttributes {
        fifo: before.fifo || part.says("fifo"),
        delay: duration("delay", before.delay),
        retention: duration("retention", before.retention),
        visibility_timeout: duration("visibility", before.visibility_timeout),
        maximum_message_bytes: part.number("maxsize").unwrap_or(before.maximum_message_bytes),
        deduplication_scope: part
            .setting("scope")
            .map_or(before.deduplication_scope, |text| scope(Some(text))),
        redrive,
        ..before
    }
}

fn topic_attributes(part: &Part) -> TopicAttributes {
    TopicAttributes {
        fifo: part.says("fifo"),
        content_based_deduplication: false,
        deduplication_scope: scope(part.setting("scope")),
        archive: part.duration("archive"),
        texts: BTreeMap::new(),
    }
}

fn subscription_attributes(part: &Part) -> SubscriptionAttributes {
    SubscriptionAttributes {
        raw: part.says("raw"),
        dead_letters: part.setting("dlq").map(name),
        replay: part.duration("from").map(|from| ReplayPolicy {
            from: START.after(from),
            to: part.duration("until").map(|to| START.after(to)),
        }),
        ..SubscriptionAttributes::default()
    }
}
