//! The order of message groups: of a group, a message is received only when those before it are gone, or by the
//! same receive. A queue whose name ends in `.fifo` keeps them, as on AWS.

#![expect(clippy::indexing_slicing, reason = "numbers of queues, lives and places are made from their lists")]

use std::collections::{BTreeMap, HashMap};

use super::hold::held_until;
use super::index::{Given, Index, Life};
use super::report::{Kind, Report};
use super::tree::Tree;

pub(super) fn check(index: &Index<'_>, report: &mut Report) {
    let mut groups: BTreeMap<(usize, &str), Vec<&Life<'_>>> = BTreeMap::new();
    for life in &index.lives {
        let is_fifo = index.queues[life.queue].name.ends_with(".fifo");
        if let Some(group) = life.group().filter(|_| is_fifo) {
            groups.entry((life.queue, group)).or_default().push(life);
        }
    }
    for lives in groups.into_values() {
        let group = Group::new(index, lives);
        group.by_acknowledgement(report);
        group.by_sequence(report);
        group.in_one_answer(report);
    }
}

/// The messages of a group in a queue.
struct Group<'a> {
    index: &'a Index<'a>,
    lives: Vec<&'a Life<'a>>,
    /// The messages that each receive took, by their places among the lives.
    receives: HashMap<usize, Vec<(usize, &'a Given<'a>)>>,
}

impl<'a> Group<'a> {
    fn new(index: &'a Index<'a>, lives: Vec<&'a Life<'a>>) -> Self {
        let mut receives: HashMap<usize, Vec<_>> = HashMap::new();
        for (place, life) in lives.iter().enumerate() {
            for given in &life.deliveries {
                receives.entry(given.operation).or_default().push((place, given));
            }
        }
        Self { index, lives, receives }
    }

    /// What was acknowledged before another was sent is before it.
    fn by_acknowledgement(&self, report: &mut Report) {
        let acknowledged = |(place, life): (usize, &&Life<'_>)| Some((life.acknowledged()?, place));
        let mut line = self.lives.iter().enumerate().filter_map(acknowledged).collect::<Vec<_>>();
        line.sort_unstable();
        let before = |life: &Life<'_>| line.partition_point(|(at, _)| *at < life.first_sent());
        let line_of_places = line.iter().map(|(_, place)| *place).collect::<Vec<_>>();
        let befores = self.lives.iter().map(|life| before(life)).collect::<Vec<_>>();
        self.overtaken(&line_of_places, &befores, report);
        // The greatest sequence number up to each place of the line.
        let mut greatest: Vec<Option<(u128, usize)>> = Vec::new();
        for place in &line_of_places {
            let here = self.lives[*place].sequence().map(|sequence| (sequence, *place));
            greatest.push(here.max(greatest.last().copied().flatten()));
        }
        for (life, before) in self.lives.iter().zip(befores) {
            let earlier = before.checked_sub(1).and_then(|last| greatest[last]);
            if let (Some((greatest, place)), Some(own)) = (earlier, life.sequence())
                && greatest > own
            {
                let earlier = self.lives[place];
                let operations = earlier.sends.iter().chain(&life.sends).map(|send| send.operation);
                let what = format!("{} was sent before it and has the greater sequence number", earlier.name);
                self.add(Kind::Order, life, &operations.collect::<Vec<_>>(), what, report);
            }
        }
    }

    /// What has the lower sequence number was accepted before, acknowledged or not.
    fn by_sequence(&self, report: &mut Report) {
        let numbered = |(place, life): (usize, &&Life<'_>)| Some((life.sequence()?, place));
        let mut line = self.lives.iter().enumerate().filter_map(numbered).collect::<Vec<_>>();
        line.sort_unstable();
        let mut befores = vec![0; self.lives.len()];
        for (before, (_, place)) in line.iter().enumerate() {
            befores[*place] = before;
        }
        let line = line.into_iter().map(|(_, place)| place).collect::<Vec<_>>();
        self.overtaken(&line, &befores, report);
    }

    /// Looks at each receive for a message that stands earlier in the line and was surely still there. `befores`
    /// says how much of the line is before each message.
    fn overtaken(&self, line: &[usize], befores: &[usize], report: &mut Report) {
        let gone = line.iter().map(|place| self.index.may_be_gone(self.lives[*place])).collect::<Vec<_>>();
        let tree = Tree::new(gone);
        let mut in_line = vec![None; self.lives.len()];
        for (position, place) in line.iter().enumerate() {
            in_line[*place] = Some(position);
        }
        let mut receives = self.receives.values().collect::<Vec<_>>();
        receives.sort_by_key(|taken| taken.first().map(|(_, given)| (given.finished, given.operation)));
        for taken in receives {
            let mut together = taken.iter().filter_map(|(place, _)| in_line[*place]).collect::<Vec<_>>();
            together.sort_unstable();
            for (place, given) in taken {
                let last = greatest_without(&tree, befores[*place], &together);
                if let Some((position, _)) = last.filter(|(_, gone)| *gone > given.finished) {
                    self.report_overtaken(self.lives[line[position]], self.lives[*place], given, report);
                }
            }
        }
    }

    fn report_overtaken(&self, earlier: &Life<'_>, life: &Life<'_>, given: &Given<'_>, report: &mut Report) {
        let holder = earlier.deliveries.iter().find(|holder| {
            holder.finished < given.invoked && given.finished < held_until(self.index, earlier, holder)
        });
        let sends = earlier.sends.first().into_iter().chain(life.sends.first()).map(|send| send.operation);
        let operations = sends.chain(holder.map(|holder| holder.operation)).chain([given.operation]);
        let operations = operations.collect::<Vec<_>>();
        if holder.is_some() {
            let what = format!("{}, which is before it in its group, was in somebody's hands", earlier.name);
            self.add(Kind::Overlap, life, &operations, what, report);
        } else {
            let what = format!("{}, which is before it in its group, was still there", earlier.name);
            self.add(Kind::Order, life, &operations, what, report);
        }
    }

    /// Within an answer, the messages of a group stand in their order.
    fn in_one_answer(&self, report: &mut Report) {
        let mut receives = self.receives.values().filter(|taken| taken.len() > 1).collect::<Vec<_>>();
        receives.sort_by_key(|taken| taken.first().map(|(_, given)| given.operation));
        for taken in receives {
            let mut taken = taken.clone();
            taken.sort_by_key(|(_, given)| given.place);
            for (number, (place, given)) in taken.iter().enumerate() {
                for (later, _) in &taken[number + 1..] {
                    let (life, later) = (self.lives[*place], self.lives[*later]);
                    let sent_later = later.acknowledged().is_some_and(|at| at < life.first_sent());
                    let numbers = life.sequence().zip(later.sequence());
                    if sent_later || numbers.is_some_and(|(own, other)| own > other) {
                        let what = format!("{}, which is before it in its group, came behind it", later.name);
                        let sends = [later, life].into_iter().filter_map(|life| life.sends.first());
                        let operations = sends.map(|send| send.operation).chain([given.operation]);
                        self.add(Kind::Order, life, &operations.collect::<Vec<_>>(), what, report);
                    }
                }
            }
        }
    }

    fn add(&self, kind: Kind, life: &Life<'_>, operations: &[usize], what: String, report: &mut Report) {
        report.add(kind, self.index.queues[life.queue].name, life.name, operations, what);
    }
}

/// The greatest of the first `count` without some places, which are sorted.
fn greatest_without(tree: &Tree, count: usize, without: &[usize]) -> Option<(usize, u64)> {
    let mut best: Option<(usize, u64)> = None;
    let mut from = 0;
    for end in without.iter().copied().filter(|place| *place < count).chain([count]) {
        let found = tree.greatest(from, end);
        best = [best, found].into_iter().flatten().max_by_key(|(_, value)| *value);
        from = end + 1;
    }
    best
}
