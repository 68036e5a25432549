//! Compares what was seen with what should have been.

use std::collections::BTreeMap;
use std::fmt;

use super::ledger::{Seen, Sighting};
use super::story::{Order, PAYMENT_TRIES, Place, Story};
use super::traffic::Ending;

/// What the demo claims, each to be found true or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    Published,
    Placed,
    Once,
    Intact,
    DeadLetters,
    Empty,
}

impl Claim {
    pub(super) const ALL: [Self; 6] =
        [Self::Published, Self::Placed, Self::Once, Self::Intact, Self::DeadLetters, Self::Empty];

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Published => "every order was published",
            Self::Placed => "every order came to each queue whose filter wants it, and to no other",
            Self::Once => "each was processed once per queue, and none came again without a reason",
            Self::Intact => "every text came as it was published",
            Self::DeadLetters => {
                "each refused order was tried 3 times, then put aside with its count and the queue it came from"
            }
            Self::Empty => "no queue has a message left",
        }
    }
}

/// One way in which the outcome is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) claim: Claim,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Unpublished(usize),
    Missing(Place, String),
    Stray(Place, String),
    Unprocessed(Place, String),
    ProcessedTwice(Place, String, u32),
    ReceiveCounts(Place, String, Vec<u32>, Vec<u32>),
    Altered(Place, String),
    Source(String, Option<String>),
    NotEmpty,
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unpublished(count) => write!(out, "{count} orders were not published"),
            Self::Missing(place, order) => write!(out, "{order} did not come to {}", place.name()),
            Self::Stray(place, order) => write!(out, "{order} came to {}", place.name()),
            Self::Unprocessed(place, order) => {
                write!(out, "{order} came to {} and was not processed", place.name())
            }
            Self::ProcessedTwice(place, order, times) => {
                write!(out, "{order} was processed {times} times at {}", place.name())
            }
            Self::ReceiveCounts(place, order, actual, expected) => {
                write!(out, "{order} has the receive counts {actual:?} at {}, not {expected:?}", place.name())
            }
            Self::Altered(place, order) => write!(out, "{order} has another text at {}", place.name()),
            Self::Source(order, Some(source)) => write!(out, "{order} is said to come from {source}"),
            Self::Source(order, None) => write!(out, "{order} does not say where it comes from"),
            Self::NotEmpty => write!(out, "the queues were not empty when the time was up"),
        }
    }
}

/// All that is wrong, in the order of the claims.
pub(super) fn check(story: &Story, seen: &Seen, ending: Ending, payment_arn: Option<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let missing = story.orders.len().saturating_sub(seen.published);
    if missing > 0 {
        problems.push(Problem::new(Claim::Published, What::Unpublished(missing)));
    }
    let nothing = BTreeMap::new();
    for place in Place::ALL {
        let sightings = seen.sightings.get(&place).unwrap_or(&nothing);
        for (id, order) in &story.orders {
            let is_expected = order.places().contains(&place);
            match (sightings.get(id), is_expected) {
                (Some(sighting), true) => {
                    check_sighting(place, order, sighting, payment_arn, &mut problems);
                }
                (None, true) => problems.push(Problem::at(place, What::Missing(place, id.clone()))),
                (Some(_), false) => problems.push(Problem::at(place, What::Stray(place, id.clone()))),
                (None, false) => {}
            }
        }
        let unknown = sightings.keys().filter(|id| !story.orders.contains_key(*id));
        problems.extend(unknown.map(|id| Problem::at(place, What::Stray(place, id.clone()))));
    }
    if ending == Ending::TimeIsUp {
        problems.push(Problem::new(Claim::Empty, What::NotEmpty));
    }
    problems.sort_by_key(|problem| problem.claim);
    problems
}

/// Checks an order at a place where it should be.
fn check_sighting(
    place: Place,
    order: &Order,
    sighting: &Sighting,
    payment_arn: Option<&str>,
    problems: &mut Vec<Problem>,
) {
    let id = || order.id.clone();
    let is_refused = place == Place::Payment && order.is_declined;
    let (receives, processed, claim) = match place {
        Place::Payment if is_refused => ((1..=PAYMENT_TRIES).collect(), 0, Claim::DeadLetters),
        // The count goes on: moving an order is no receive, reading it here is one.
        Place::DeadLetters => (vec![PAYMENT_TRIES + 1], 1, Claim::DeadLetters),
        Place::Inventory | Place::Payment | Place::Shipping => (vec![1], 1, Claim::Once),
    };
    if sighting.receives != receives {
        let what = What::ReceiveCounts(place, id(), sighting.receives.clone(), receives);
        problems.push(Problem::new(claim, what));
    }
    if sighting.processed < processed {
        problems.push(Problem::new(claim, What::Unprocessed(place, id())));
    }
    if sighting.processed > processed {
        let what = What::ProcessedTwice(place, id(), sighting.processed);
        problems.push(Problem::new(claim, what));
    }
    if sighting.altered > 0 {
        problems.push(Problem::new(Claim::Intact, What::Altered(place, id())));
    }
    let source = match place {
        Place::DeadLetters => payment_arn,
        Place::Inventory | Place::Payment | Place::Shipping => None,
    };
    if sighting.source.as_deref() != source {
        let what = What::Source(id(), sighting.source.clone());
        problems.push(Problem::new(Claim::DeadLetters, what));
    }
}

impl Problem {
    fn new(claim: Claim, what: What) -> Self {
        Self { claim, what }
    }

    fn at(place: Place, what: What) -> Self {
        let claim = match place {
            Place::DeadLetters => Claim::DeadLetters,
            Place::Inventory | Place::Payment | Place::Shipping => Claim::Placed,
        };
        Self { claim, what }
    }
}

#[cfg(test)]
mod tests;
