//! For each promise a history that breaks it, and one that nearly does.

use super::{Action, Delivery, History, Kind, Operation, Outcome, Rules, Sent, Text};

mod deliveries;
mod groups;
mod large;
mod lists;
mod losses;

/// Ten seconds, in the milliseconds of these histories.
const VISIBILITY: u64 = 10_000;

/// A history that is written as a timetable.
#[derive(Default)]
struct Story {
    history: History,
    outcome: Option<Outcome>,
}

impl Story {
    fn new() -> Self {
        Self::default()
    }

    /// After `receives_max` receives, messages of `orders` move to `dead`.
    fn with_dead_letters(receives_max: u32) -> Self {
        let mut story = Self::new();
        story.history.redrive("orders", "dead", receives_max);
        story
    }

    /// The next operation ends like this.
    fn ends(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    fn act(mut self, times: (u64, u64), action: Action) -> Self {
        let outcome = self.outcome.take().unwrap_or(Outcome::Done);
        self.history.push(Operation { invoked: times.0, finished: times.1, outcome, action });
        self
    }

    fn send(self, times: (u64, u64), queue: &str, name: &str) -> Self {
        self.send_message(times, queue, Sent::new(name))
    }

    fn send_message(self, times: (u64, u64), queue: &str, message: Sent) -> Self {
        self.act(times, Action::Send { queue: queue.into(), message })
    }

    fn publish(self, times: (u64, u64), queues: &[&str], name: &str) -> Self {
        let queues = queues.iter().map(|queue| Text::from(*queue)).collect();
        self.act(times, Action::Publish { topic: "topic".into(), queues, message: Sent::new(name) })
    }

    fn receive(self, times: (u64, u64), queue: &str, names: &[&str]) -> Self {
        let group = queue.ends_with(".fifo").then(|| Text::from("g"));
        let give = |name: &&str| Delivery { group: group.clone(), ..delivery(name, times.0) };
        let messages = names.iter().map(give).collect();
        self.receive_messages(times, queue, messages)
    }

    fn receive_messages(self, times: (u64, u64), queue: &str, messages: Vec<Delivery>) -> Self {
        self.act(times, Action::Receive { queue: queue.into(), visibility: VISIBILITY, messages })
    }

    /// Deletes by the receipt of the receive that was invoked then.
    fn delete(self, times: (u64, u64), queue: &str, name: &str, receipt: u64) -> Self {
        self.act(times, Action::Delete { queue: queue.into(), name: name.into(), receipt })
    }

    fn hide(self, times: (u64, u64), queue: &str, name: &str, receipt: u64, timeout: u64) -> Self {
        self.act(times, Action::Hide { queue: queue.into(), name: name.into(), receipt, timeout })
    }

    fn drain(mut self, at: u64, queues: &[&str]) -> Self {
        for queue in queues {
            self = self.act((at, at), Action::Drain { queue: (*queue).into() });
        }
        self
    }

    fn kinds(&self) -> Vec<Kind> {
        let violations = self.history.check(Rules::per_second(1_000));
        let mut kinds = violations.iter().map(|violation| violation.kind).collect::<Vec<_>>();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Breaks exactly this promise.
    #[track_caller]
    fn shows(&self, kind: Kind) {
        let violations = self.history.check(Rules::per_second(1_000));
        assert_eq!(self.kinds(), [kind], "{}", self.history.explain(&violations));
    }

    /// Breaks none.
    #[track_caller]
    fn is_fine(&self) {
        let violations = self.history.check(Rules::per_second(1_000));
        assert_eq!(violations, [], "{}", self.history.explain(&violations));
    }
}

fn delivery(name: &str, receipt: u64) -> Delivery {
    Delivery { name: name.into(), intact: true, receipt, ..Delivery::default() }
}

fn in_group(name: &str, group: &str, deduplication: &str) -> Sent {
    Sent { name: name.into(), group: Some(group.into()), deduplication: Some(deduplication.into()), delay: 0 }
}
