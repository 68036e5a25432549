//! The commands that concern endpoints outside, archives and records.

use super::{Player, body, keys, name, subscription_attributes};
use crate::tests::script::{Line, Part};
use crate::tests::world::Bearing;
use crate::{
    BodyRef, Command, Confirm, Endpoint, Notice, Outbound, Outcome, Outside, Progress, RecordKey, Redeliver,
    SetRecord, Settle, Subscribe, Target, Timestamp, Withdraw,
};

impl Player {
    /// `news to inbox`, or `news outside` and perhaps `asked=` for how long.
    pub(super) fn subscribe(&self, part: &Part) -> Bearing {
        let outside = || Outside { protocol: "http".into(), address: "http://outside".into() };
        let endpoint = match part.words.get(1).map(String::as_str) {
            Some("outside") => Endpoint::Outside(outside()),
            _ => Endpoint::Queue(name(&part.words[2])),
        };
        let asked = part.duration("asked").map(|within| Notice { body: body("please"), within });
        let bodies = asked.iter().map(|_| b"please".to_vec()).collect();
        let subscribe = Subscribe {
            topic: self.topic(&part.words[0]),
            owner: "000000000000".into(),
            endpoint,
            attributes: subscription_attributes(part),
            asked,
            is_owners: true,
        };
        (Command::Subscribe(subscribe), bodies)
    }

    pub(super) fn outside_command(&self, line: &Line<'_>) -> Bearing {
        let first = &line.parts[0];
        let plain = |command| (command, Vec::new());
        match line.verb.as_str() {
            "confirm" => plain(Command::Confirm(Confirm {
                subscription: self.subscriptions[&line.object],
                authenticated: first.says("known"),
            })),
            "withdraw" => {
                let within = first.duration("within").unwrap_or_default();
                let notice = Notice { body: body("goodbye"), within };
                let subscription = self.subscriptions[&line.object];
                (Command::Withdraw(Withdraw { subscription, notice }), vec![b"goodbye".to_vec()])
            }
            "settle" => plain(Command::Settle(Settle {
                queue: self.queue(line),
                outcomes: line
                    .parts
                    .iter()
                    .map(|part| (self.receipt(&part.words[0]), outcome(part)))
                    .collect(),
            })),
            "redeliver" => plain(self.redeliver(line)),
            "record" => {
                let key = RecordKey { kind: "kind".into(), name: name(&line.object) };
                let found = self.world.machine.records().find(|record| record.key == key);
                let seen = found.map_or(0, |record| record.version) + u64::from(first.says("stale"));
                let fields =
                    first.settings.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
                let fields = (!first.says("gone")).then(|| fields.collect());
                plain(Command::SetRecord(SetRecord { key, seen, fields }))
            }
            verb => panic!("{}: what is {verb}?", line.text),
        }
    }

    /// Up to as many messages of the archive as the line says, to where it says.
    fn redeliver(&self, line: &Line<'_>) -> Command {
        let (topic, first) = (self.topic(&line.object), &line.parts[0]);
        let machine = &self.world.machine;
        let policy = first.setting("policy").map(|name| self.subscriptions[name]);
        let subscription = policy.and_then(|id| machine.subscription(id));
        let seen = subscription.and_then(|found| found.replay).map_or(0, |replay| replay.reached);
        let asked = subscription.and_then(|found| found.attributes.replay);
        let (from, to) = asked.map_or((Timestamp(0), None), |policy| (policy.from, policy.to));
        let most = first.number("max").unwrap_or(100) as usize;
        let found: Vec<_> = machine.archived(topic, seen, from, to).take(most).collect();
        let target = match (policy, first.setting("to"), first.setting("queue")) {
            (Some(subscription), _, _) => {
                let reached = found.last().map_or(seen, |last| last.number);
                let seen = seen + u64::from(first.says("stale"));
                let version = self.world.machine.subscription(subscription).map_or(0, |found| found.version);
                let version = version.saturating_sub(u64::from(first.says("overtaken")));
                Target::Policy(Progress { subscription, version, seen, reached })
            }
            (None, Some(name), _) => Target::Subscription(self.subscriptions[name]),
            (None, None, queue) => Target::Queue(name(queue.unwrap())),
        };
        let messages = found.iter().map(|archived| Outbound {
            body: BodyRef { position: archived.publication, bytes: archived.body.bytes },
            matches: Vec::new(),
            group: first.setting("group").map(Into::into),
            priority: first.setting("priority").map(Into::into),
            deduplication: keys(first).filter(|_| first.setting("group").is_some()),
            raw_bytes: archived.body.bytes,
            envelope_bytes: archived.body.bytes,
            attributes: 0,
        });
        Command::Redeliver(Redeliver { topic, target, messages: messages.collect() })
    }
}

/// What became of a message: `delivered`, `retry=` or `untried=` after a time, or `failed`.
fn outcome(part: &Part) -> Outcome {
    match (part.duration("retry"), part.duration("untried")) {
        (Some(after), _) => Outcome::Retry(after),
        (None, Some(after)) => Outcome::Untried(after),
        (None, None) if part.says("failed") => Outcome::Failed,
        (None, None) => Outcome::Delivered,
    }
}
