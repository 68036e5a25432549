//! What a command led to, as text.

use super::player::Player;
use super::script::moment;
use crate::{Accepted, Error, Received, Reply};

/// One thing with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) facts: Vec<String>,
}

impl Item {
    pub(super) fn plain(name: impl Into<String>) -> Self {
        Self { name: name.into(), facts: Vec::new() }
    }

    fn fulfils(&self, expected: &Self) -> bool {
        self.name == expected.name && expected.facts.iter().all(|fact| self.facts.contains(fact))
    }
}

/// What became of a line.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) items: Vec<Item>,
    pub(super) refused: bool,
}

impl Outcome {
    pub(super) fn of(items: impl IntoIterator<Item = Item>) -> Self {
        Self { items: items.into_iter().collect(), refused: false }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::of([Item::plain(text)])
    }

    fn refused(error: Error) -> Self {
        Self { refused: true, ..Self::text(format!("{error:?}")) }
    }

    /// Whether everything expected is there, in order, and nothing else; without an expectation, that nothing was
    /// refused.
    pub(super) fn fulfils(&self, expected: Option<&[Item]>) -> bool {
        match expected {
            None => !self.refused,
            Some(expected) => {
                self.items.len() == expected.len()
                    && self.items.iter().zip(expected).all(|(item, expected)| item.fulfils(expected))
            }
        }
    }
}

/// The reply as text; `bodies` are those that the command brought.
pub(super) fn outcome(player: &mut Player, reply: Result<Reply, Error>, bodies: &[String]) -> Outcome {
    match reply {
        Err(error) => Outcome::refused(error),
        Ok(
            Reply::Done
            | Reply::QueueCreated(_)
            | Reply::TopicCreated(_)
            | Reply::Subscribed(_)
            | Reply::MoveStarted(_),
        ) => Outcome::text("done"),
        Ok(Reply::MoveCancelled(moved)) => Outcome::text(format!("{moved} moved")),
        Ok(Reply::Redelivered(delivered)) => Outcome::text(format!("{delivered} redelivered")),
        Ok(Reply::Sent(accepted) | Reply::Published(accepted)) => {
            let named = accepted.iter().zip(bodies);
            Outcome::of(named.map(|(accepted, body)| acceptance(player, *accepted, body)))
        }
        Ok(Reply::Received(messages)) => {
            Outcome::of(messages.iter().map(|message| reception(player, message)))
        }
        Ok(Reply::Each(results)) => Outcome {
            refused: results.iter().any(Result::is_err),
            items: results
                .iter()
                .map(|result| {
                    Item::plain(result.map_or_else(|error| format!("{error:?}"), |()| "done".into()))
                })
                .collect(),
        },
    }
}

fn acceptance(player: &mut Player, accepted: Accepted, body: &str) -> Item {
    let new = !player.labels.contains_key(&accepted.id);
    let label = player.labels.entry(accepted.id).or_insert_with(|| body.to_owned());
    let mut facts = vec![if new { "new" } else { "duplicate" }.to_owned()];
    facts.extend(accepted.sequence.map(|sequence| format!("#{sequence}")));
    Item { name: label.clone(), facts }
}

fn reception(player: &mut Player, message: &Received) -> Item {
    let label = |id| player.labels.get(&id).cloned().unwrap_or_else(|| "unknown".to_owned());
    let mut facts = vec![
        format!("count {}", message.receives),
        format!("attempt {}", message.attempts),
        format!("sent {}", moment(message.sent)),
        format!("first {}", moment(message.first_received)),
        format!("id of {}", label(message.id)),
        match &message.source {
            Some(source) => format!("from {}", source.name),
            None => "not dead".to_owned(),
        },
    ];
    facts.extend(message.sequence.map(|sequence| format!("#{sequence}")));
    if let Some(topical) = message.topical {
        let by_id = player.subscriptions.iter().find(|(_, id)| **id == topical.subscription);
        facts.push(format!("via {}", by_id.map_or("nobody", |(name, _)| name)));
        facts.extend(topical.replayed.then(|| "replayed".to_owned()));
        facts.push(if topical.raw { "raw" } else { "enveloped" }.to_owned());
        facts.push(format!("published as {}", label(topical.id)));
        facts.extend(topical.sequence.map(|sequence| format!("topic #{sequence}")));
    }
    facts.push(format!("receipt {}", player.receipt_number(message.receipt)));
    Item { name: player.world.body(message.body), facts }
}
