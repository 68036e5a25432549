//! A log whose entries become durable when a test says so.

use super::{Fixture, started};
use crate::storage::memory::MemoryLog;
use crate::storage::{Batch, Body, Error, Figures, Log};
use queue_core::{Applied, BodyRef, Entry, Machine, Position, Proposal};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// An engine on a gated log.
pub(super) struct Gated {
    pub(super) hub: Fixture,
    pub(super) gate: Arc<Gate>,
}

impl Gated {
    /// An engine that begins with a state, on a log that lets nothing through.
    pub(super) fn new(machine: Machine) -> Self {
        let gate = Gate::new();
        let log = Arc::clone(&gate);
        let gated =
            |clock| -> Box<dyn Log> { Box::new(GatedLog { inner: MemoryLog::new(clock), gate: log }) };
        Self { hub: started(gated, machine, u64::MAX), gate }
    }

    /// Returns when the engine has handled everything that was sent to it before, and whatever came through the gate.
    pub(super) async fn handled(&self) {
        self.hub.engine.read(None, |_| ()).await.unwrap();
    }
}

impl Drop for Gated {
    /// A test that fails must not wait for what its gate holds back.
    fn drop(&mut self) {
        self.gate.let_through(usize::MAX);
    }
}

/// What a log was asked, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// A batch of so many commands.
    Propose(usize),
    Applied,
    Close,
}

/// The test's side of a gated log.
pub(super) struct Gate {
    state: watch::Sender<State>,
    wake: Mutex<Option<Box<dyn Fn() + Send>>>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// How often the engine asked for the next entry.
    asked: usize,
    proposed: usize,
    /// How many entries may become durable, and how many have.
    allowed: usize,
    passed: usize,
    /// What the next entry is instead.
    fails: bool,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self { state: watch::Sender::default(), wake: Mutex::default() })
    }

    /// Lets so many more entries become durable.
    pub(super) fn let_through(&self, entries: usize) {
        self.change(|state| state.allowed = state.allowed.saturating_add(entries));
    }

    /// Has the next sync fail.
    pub(super) fn fail(&self) {
        self.change(|state| state.fails = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
        if let Some(wake) = &*self.wake.lock().unwrap() {
            wake();
        }
    }

    /// Waits until so many batches have been proposed.
    pub(super) async fn proposed(&self, batches: usize) {
        self.state.subscribe().wait_for(|state| state.proposed >= batches).await.unwrap();
    }

    /// Waits until so many commands have been proposed, in whatever batches.
    pub(super) async fn proposed_commands(&self, commands: usize) {
        let count = |call: &Call| if let Call::Propose(commands) = call { *commands } else { 0 };
        let enough = |state: &State| state.calls.iter().map(count).sum::<usize>() >= commands;
        self.state.subscribe().wait_for(enough).await.unwrap();
    }

    /// Waits until so many entries have been applied.
    pub(super) async fn applied(&self, entries: usize) {
        let enough =
            |state: &State| state.calls.iter().filter(|call| **call == Call::Applied).count() >= entries;
        self.state.subscribe().wait_for(enough).await.unwrap();
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.state.borrow().calls.clone()
    }

    pub(super) fn asked(&self) -> usize {
        self.state.borrow().asked
    }
}

struct GatedLog {
    inner: MemoryLog,
    gate: Arc<Gate>,
}

impl Log for GatedLog {
    fn wake_with(&mut self, wake: Box<dyn Fn() + Send>) {
        *self.gate.wake.lock().unwrap() = Some(wake);
    }

    fn propose(&mut self, batch: Batch, proposals: &[Proposal]) {
        self.inner.propose(batch, proposals);
        self.gate.state.send_modify(|state| {
            state.proposed += 1;
            state.calls.push(Call::Propose(proposals.len()));
        });
    }

    fn next(&mut self) -> Option<Result<(Position, Entry), Error>> {
        let (mut passes, mut fails) = (false, false);
        self.gate.state.send_modify(|state| {
            state.asked += 1;
            fails = state.fails;
            passes = state.passed < state.allowed && state.passed < state.proposed;
            state.passed += usize::from(passes);
        });
        if fails {
            let source = std::io::Error::other("the disk is gone");
            return Some(Err(Error::File { path: "segment".into(), source }));
        }
        if passes { self.inner.next() } else { None }
    }

    fn body(&self, body: BodyRef) -> Body {
        self.inner.body(body)
    }

    fn applied(&mut self, position: Position, applied: &Applied, machine: &Machine) {
        self.inner.applied(position, applied, machine);
        self.gate.state.send_modify(|state| state.calls.push(Call::Applied));
    }

    fn memory(&self) -> u64 {
        self.inner.memory()
    }

    fn figures(&self) -> Figures {
        self.inner.figures()
    }

    fn close(&mut self, _machine: &Machine) {
        self.gate.state.send_modify(|state| state.calls.push(Call::Close));
    }
}
