//! A worker that publishes.

use fanq_tests::history::{Action, Outcome, Sent, Text, body};

use super::world::{SUBSCRIPTIONS, Traits, WIDE, WIDE_FIFO, topic_arn};
use crate::load::client::Client;
use crate::load::random::Random;
use crate::load::shared::Shared;

/// Of a hundred messages.
const TO_FIFO: u64 = 25;
/// Few enough that the outbox keeps those of one life of the hub.
const LETTERS: u64 = 5;

/// Publishes until the load stops. What nobody knows the end of is repeated where its id makes one message of both.
pub(super) fn run(shared: &Shared, number: u64, mut random: Random) {
    let _watched = shared.watched();
    let mut client = Client::default();
    for message in 0_u64.. {
        let name = Text::from(format!("w{number}-{message}"));
        let is_fifo = random.percent(TO_FIFO);
        let topic = if is_fifo { WIDE_FIFO } else { WIDE };
        let (is_kind_a, is_letter) = (random.percent(50), random.percent(LETTERS));
        let text = body(&name, 20 + usize::try_from(random.below(2_000)).unwrap());
        let group = is_fifo.then(|| Text::from(format!("g{}", random.below(shared.shape.groups))));
        let arn = topic_arn(topic);
        let mut parameters = vec![("Action", "Publish"), ("TopicArn", &*arn), ("Message", &*text)];
        parameters.extend([
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", if is_kind_a { "a" } else { "b" }),
            ("MessageAttributes.entry.2.Name", "letter"),
            ("MessageAttributes.entry.2.Value.DataType", "String"),
            ("MessageAttributes.entry.2.Value.StringValue", if is_letter { "yes" } else { "no" }),
        ]);
        if let Some(group) = &group {
            parameters.extend([("MessageGroupId", &**group), ("MessageDeduplicationId", &*name)]);
        }
        let traits = Traits { name: &name, topic, is_kind_a, is_letter };
        let places = SUBSCRIPTIONS.iter().filter_map(|subscription| subscription.place(traits));
        let queues: Vec<_> = places.map(Text::from).collect();
        let deduplication = is_fifo.then(|| Text::clone(&name));
        let sent = Sent { group: group.clone(), deduplication, ..Sent::new(Text::clone(&name)) };
        let action = Action::Publish { topic: topic.into(), queues, message: sent };
        loop {
            let Some((address, version)) = shared.address() else {
                return;
            };
            let invoked = shared.now();
            let outcome = client.sns(address, &parameters).outcome();
            shared.note(invoked, [(outcome, action.clone())]);
            if outcome != Outcome::Done {
                shared.await_change(version);
            }
            if outcome == Outcome::Done || !is_fifo {
                break;
            }
        }
    }
}
