//! Groups in lists of FIFO queues: while somebody has a message of a group out of one member, the list gives none of that
//! group out of another. Who receives from a member sees that member alone.

#![expect(clippy::indexing_slicing, reason = "numbers of queues are those of the index")]

use std::collections::BTreeMap;

use super::hold::held_until;
use super::index::{Given, Index, Life};
use super::report::{Kind, Report};

/// A delivery of a message of some group, and how long it surely holds that.
struct Held<'a> {
    life: &'a Life<'a>,
    given: &'a Given<'a>,
    until: u64,
}

pub(super) fn check(index: &Index<'_>, report: &mut Report) {
    for (number, list) in index.lists.iter().enumerate() {
        let mut groups: BTreeMap<&str, Vec<Held<'_>>> = BTreeMap::new();
        for life in index.lives.iter().filter(|life| list.members.contains(&life.queue)) {
            if let Some(group) = life.group().filter(|_| list.name.ends_with(".fifo")) {
                let held = |given| Held { life, given, until: held_until(index, life, given) };
                groups.entry(group).or_default().extend(life.deliveries.iter().map(held));
            }
        }
        for deliveries in groups.into_values() {
            one_member_at_a_time(index, number, deliveries, report);
        }
    }
}

fn one_member_at_a_time(index: &Index<'_>, list: usize, mut deliveries: Vec<Held<'_>>, report: &mut Report) {
    deliveries.sort_by_key(|held| (held.given.finished, held.given.invoked));
    // Of those so far, by their members, the last one and the one that holds the longest.
    let mut holders: BTreeMap<usize, Vec<&Held<'_>>> = BTreeMap::new();
    for held in &deliveries {
        let (life, given) = (held.life, held.given);
        let others = holders.iter().filter(|(member, _)| **member != life.queue);
        for holder in others.flat_map(|(_, holders)| holders) {
            let is_after = holder.given.finished < given.invoked;
            // If nobody knows which was first, neither order must be possible.
            let cannot_follow =
                |one: &Given<'_>, other: &Held<'_>| one.list == Some(list) && one.finished < other.until;
            let is_wrong = cannot_follow(given, holder) && (is_after || cannot_follow(holder.given, held));
            if is_wrong || given.operation == holder.given.operation {
                let other = index.queues[holder.life.queue].name;
                let what =
                    format!("{} of its group was in somebody's hands, out of {other}", holder.life.name);
                let operations = [holder.given.operation, given.operation];
                report.add(Kind::Overlap, index.queues[life.queue].name, life.name, &operations, what);
            }
        }
        let of_member = holders.entry(life.queue).or_default();
        let longest = of_member.iter().copied().max_by_key(|holder| holder.until);
        *of_member = longest.into_iter().chain([held]).collect();
    }
}
