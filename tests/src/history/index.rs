//! The operations of a history, ordered by the messages that they are about.

#![expect(clippy::indexing_slicing, reason = "numbers of queues and lives are made here and never removed")]

use std::collections::{BTreeSet, HashMap};

use super::{Action, Delivery, History, NEVER, Operation, Rules, Sent};

/// All that happened to one message in one queue: a life. By numbers of operations, queues and lives.
pub(super) struct Life<'a> {
    pub(super) queue: usize,
    pub(super) name: &'a str,
    /// Sends and publishes that may have put it there.
    pub(super) sends: Vec<Send<'a>>,
    /// By the time of their receives' end.
    pub(super) deliveries: Vec<Given<'a>>,
    /// Deletes and changes of visibility that may have had an effect, by the time of their invocation.
    pub(super) changes: Vec<Change>,
}

/// A send or publish.
pub(super) struct Send<'a> {
    pub(super) operation: usize,
    pub(super) invoked: u64,
    pub(super) finished: u64,
    pub(super) done: bool,
    pub(super) message: &'a Sent,
    /// The group that it has in the queue.
    pub(super) group: Option<&'a str>,
}

/// A delivery.
pub(super) struct Given<'a> {
    pub(super) operation: usize,
    /// Its place in the answer.
    pub(super) place: usize,
    pub(super) invoked: u64,
    pub(super) finished: u64,
    pub(super) visibility: u64,
    pub(super) delivery: &'a Delivery,
    /// The list that it was received from.
    pub(super) list: Option<usize>,
}

/// A delete or change of visibility.
pub(super) struct Change {
    pub(super) operation: usize,
    pub(super) invoked: u64,
    pub(super) finished: u64,
    pub(super) done: bool,
    pub(super) receipt: u64,
    /// None for a delete.
    pub(super) timeout: Option<u64>,
}

/// What is known of a queue.
pub(super) struct Queue<'a> {
    pub(super) name: &'a str,
    /// Where its messages move to, after how many receives.
    pub(super) redrive: Option<(usize, usize)>,
    /// The queues whose messages move to it.
    pub(super) sources: Vec<usize>,
    /// When receives began and ended that may have taken anything.
    pub(super) unknown_receives: Vec<(u64, u64)>,
    /// When its last drain was invoked.
    pub(super) drained: Option<u64>,
}

/// A queue that is a list of queues, by their numbers.
pub(super) struct List<'a> {
    pub(super) name: &'a str,
    pub(super) members: Vec<usize>,
}

/// A history that can be asked about messages and queues.
pub(super) struct Index<'a> {
    pub(super) operations: &'a [Operation],
    pub(super) rules: Rules,
    pub(super) queues: Vec<Queue<'a>>,
    pub(super) lists: Vec<List<'a>>,
    pub(super) lives: Vec<Life<'a>>,
    by_queue: HashMap<&'a str, usize>,
    by_name: HashMap<(usize, &'a str), usize>,
}

impl<'a> Index<'a> {
    pub(super) fn new(history: &'a History, rules: Rules) -> Self {
        let mut index = Self {
            operations: &history.operations,
            rules,
            queues: Vec::new(),
            lists: Vec::new(),
            lives: Vec::new(),
            by_queue: HashMap::new(),
            by_name: HashMap::new(),
        };
        for redrive in &history.redrives {
            let (source, target) = (index.queue(&redrive.queue), index.queue(&redrive.target));
            let receives_max = usize::try_from(redrive.receives_max).unwrap_or(usize::MAX);
            index.queues[source].redrive = Some((target, receives_max));
            index.queues[target].sources.push(source);
        }
        for list in &history.lists {
            let members = list.members.iter().map(|member| index.queue(member)).collect();
            index.lists.push(List { name: &list.name, members });
        }
        let possible =
            || history.operations.iter().enumerate().filter(|(_, operation)| operation.is_possible());
        let is_send =
            |operation: &Operation| matches!(operation.action, Action::Send { .. } | Action::Publish { .. });
        // What was sent where says where it was that a list gave it.
        let sends = possible().filter(|(_, operation)| is_send(operation));
        for (number, operation) in sends.chain(possible().filter(|(_, operation)| !is_send(operation))) {
            index.add(number, operation);
        }
        for life in &mut index.lives {
            life.deliveries.sort_by_key(|given| (given.finished, given.invoked));
            life.changes.sort_by_key(|change| (change.invoked, change.finished));
        }
        index
    }

    fn add(&mut self, number: usize, operation: &'a Operation) {
        match &operation.action {
            Action::Send { queue, message } => self.add_send(number, operation, queue, message, true),
            Action::Publish { topic, queues, message } => {
                for queue in queues {
                    // The groups of a FIFO topic mean nothing in a standard queue, and are not told there.
                    let has_groups = queue.ends_with(".fifo") || !topic.ends_with(".fifo");
                    self.add_send(number, operation, queue, message, has_groups);
                }
            }
            Action::Receive { queue, visibility, messages } => {
                let list = self.list(queue);
                if !operation.is_done() {
                    let queues = match list {
                        Some(list) => self.lists[list].members.clone(),
                        None => vec![self.queue(queue)],
                    };
                    for queue in queues {
                        self.queues[queue].unknown_receives.push((operation.invoked, operation.finished));
                    }
                }
                for (place, delivery) in messages.iter().enumerate() {
                    let given = Given {
                        operation: number,
                        place,
                        invoked: operation.invoked,
                        finished: operation.finished,
                        visibility: *visibility,
                        delivery,
                        list,
                    };
                    let queue = self.home(queue, &delivery.name);
                    self.life(queue, &delivery.name).deliveries.push(given);
                }
            }
            Action::Delete { queue, name, receipt } => {
                self.add_change(number, operation, queue, name, *receipt, None);
            }
            Action::Hide { queue, name, receipt, timeout } => {
                self.add_change(number, operation, queue, name, *receipt, Some(*timeout));
            }
            Action::Drain { queue } => {
                let queue = self.queue(queue);
                if operation.is_done() {
                    let drained = &mut self.queues[queue].drained;
                    *drained = (*drained).max(Some(operation.invoked));
                }
            }
        }
    }

    fn add_send(
        &mut self,
        number: usize,
        operation: &Operation,
        queue: &'a str,
        message: &'a Sent,
        has_groups: bool,
    ) {
        let queue = self.queue(queue);
        let Operation { invoked, finished, .. } = *operation;
        let done = operation.is_done();
        let group = message.group.as_deref().filter(|_| has_groups);
        let send = Send { operation: number, invoked, finished, done, message, group };
        self.life(queue, &message.name).sends.push(send);
    }

    fn add_change(
        &mut self,
        number: usize,
        operation: &Operation,
        queue: &'a str,
        name: &'a str,
        receipt: u64,
        timeout: Option<u64>,
    ) {
        let queue = self.home(queue, name);
        let Operation { invoked, finished, .. } = *operation;
        let done = operation.is_done();
        let change = Change { operation: number, invoked, finished, done, receipt, timeout };
        self.life(queue, name).changes.push(change);
    }

    fn list(&self, name: &str) -> Option<usize> {
        self.lists.iter().position(|list| list.name == name)
    }

    /// Where it was that something happened to a message: of a list, in the member that it was sent to.
    fn home(&mut self, queue: &'a str, name: &str) -> usize {
        let members = self.list(queue).map(|list| &self.lists[list].members);
        let is_sent_to =
            |member: &&usize| self.find(**member, name).is_some_and(|life| !life.sends.is_empty());
        match members.and_then(|members| members.iter().find(is_sent_to)) {
            Some(member) => *member,
            None => self.queue(queue),
        }
    }

    fn queue(&mut self, name: &'a str) -> usize {
        let Self { queues, by_queue, .. } = self;
        *by_queue.entry(name).or_insert_with(|| {
            let (sources, unknown_receives) = (Vec::new(), Vec::new());
            queues.push(Queue { name, redrive: None, sources, unknown_receives, drained: None });
            queues.len() - 1
        })
    }

    fn life(&mut self, queue: usize, name: &'a str) -> &mut Life<'a> {
        let Self { lives, by_name, .. } = self;
        let number = *by_name.entry((queue, name)).or_insert_with(|| {
            let (sends, deliveries, changes) = (Vec::new(), Vec::new(), Vec::new());
            lives.push(Life { queue, name, sends, deliveries, changes });
            lives.len() - 1
        });
        &mut lives[number]
    }

    /// What happened to a message in a queue.
    pub(super) fn find(&self, queue: usize, name: &str) -> Option<&Life<'a>> {
        self.by_name.get(&(queue, name)).map(|number| &self.lives[*number])
    }

    /// The queue and those that messages can come to from it.
    pub(super) fn onward(&self, queue: usize) -> Vec<usize> {
        let mut found = vec![queue];
        let mut last = queue;
        while let Some((target, _)) = self.queues[last].redrive.filter(|(target, _)| !found.contains(target))
        {
            found.push(target);
            last = target;
        }
        found
    }

    /// The queue and those from which messages can come to it.
    pub(super) fn backward(&self, queue: usize) -> Vec<usize> {
        let mut found = vec![queue];
        let mut next = 0;
        while let Some(&queue) = found.get(next) {
            for source in &self.queues[queue].sources {
                if !found.contains(source) {
                    found.push(*source);
                }
            }
            next += 1;
        }
        found
    }

    /// The first moment at which a message may have had the receives after which it moves on from the queue.
    pub(super) fn may_have_moved(&self, queue: usize, life: Option<&Life<'a>>) -> u64 {
        let queue = &self.queues[queue];
        let Some((_, receives)) = queue.redrive else {
            return NEVER;
        };
        let known = life.map_or(0, |life| life.deliveries.len());
        if known + queue.unknown_receives.len() < receives {
            return NEVER;
        }
        // A receive that ended before the message was there has not taken it.
        let sent = life.map_or(0, Life::first_sent);
        let unknown = queue.unknown_receives.iter().filter(|(_, finished)| *finished >= sent);
        let unknown = unknown.map(|(invoked, _)| (*invoked).max(sent));
        let known = life.into_iter().flat_map(|life| &life.deliveries).map(|given| given.invoked);
        let mut times = known.chain(unknown).collect::<Vec<_>>();
        times.sort_unstable();
        times.get(receives.saturating_sub(1)).copied().unwrap_or(NEVER)
    }

    /// The first moment at which the message may have left the queue.
    pub(super) fn may_be_gone(&self, life: &Life<'a>) -> u64 {
        let deletes = life.changes.iter().filter(|change| change.timeout.is_none());
        let deleted = deletes.map(|change| change.invoked).min().unwrap_or(NEVER);
        deleted.min(self.may_have_moved(life.queue, Some(life)))
    }
}

impl Life<'_> {
    /// When it may first have been in the queue, if it was sent there.
    pub(super) fn first_sent(&self) -> u64 {
        self.sends.iter().map(|send| send.invoked).min().unwrap_or(0)
    }

    /// Since when it is surely in the queue.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.sends.iter().filter(|send| send.done).map(|send| send.finished).min()
    }

    /// The ids under which it was delivered.
    pub(super) fn identities(&self) -> BTreeSet<u128> {
        let identities = self.deliveries.iter().map(|given| given.delivery.identity);
        identities.filter(|identity| *identity != 0).collect()
    }

    /// The message group.
    pub(super) fn group(&self) -> Option<&str> {
        self.sends.first().and_then(|send| send.group)
    }

    /// The sequence number, if every delivery says the same.
    pub(super) fn sequence(&self) -> Option<u128> {
        let first = self.deliveries.first()?.delivery.sequence?;
        let same = self.deliveries.iter().all(|given| given.delivery.sequence == Some(first));
        same.then_some(first)
    }
}
