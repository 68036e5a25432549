//! Whoever executes the log a second time must come to the same state: what a machine had become is written into the
//! log now and then, and compared.

use super::Error;
use queue_core::{Command, Entry, Machine, Position, Vouch};
use std::collections::VecDeque;

/// How much the log grows between two commands that vouch for the state.
const VOUCHED_BYTES: u64 = 32 << 20;

/// Entries whose fingerprints are remembered: what vouches for an entry follows soon after it.
const REMEMBERED: usize = 64;

/// Remembers what the machine was like after the last entries.
#[derive(Default)]
pub(crate) struct Witness {
    seen: VecDeque<(Position, u64)>,
    /// Where the log was when the state was last vouched for.
    vouched: Option<Position>,
}

impl Witness {
    /// The machine has just applied the entry at `position`.
    ///
    /// # Errors
    /// If the entry says that the machine should have been different after one of the last entries.
    pub(crate) fn observe(
        &mut self,
        position: Position,
        entry: &Entry,
        machine: &Machine,
    ) -> Result<(), Error> {
        for command in &entry.commands {
            if let Command::Vouch(vouch) = command {
                self.compare(vouch)?;
            }
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((position, machine.fingerprint()));
        Ok(())
    }

    fn compare(&self, vouch: &Vouch) -> Result<(), Error> {
        let found = self.seen.iter().rev().find(|(position, _)| *position == vouch.after);
        match found {
            Some((position, fingerprint)) if *fingerprint != vouch.fingerprint => {
                Err(Error::Diverged { position: *position })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What is to be written about the state, if the log has grown by enough since it was last done.
    pub(crate) fn vouch(&mut self) -> Option<Vouch> {
        let &(after, fingerprint) = self.seen.back()?;
        let vouched = *self.vouched.get_or_insert(after);
        if after.0.saturating_sub(vouched.0) < VOUCHED_BYTES {
            return None;
        }
        self.vouched = Some(after);
        Some(Vouch { after, fingerprint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::{Header, Timestamp};

    fn entry(commands: Vec<Command>) -> Entry {
        Entry { header: Header { time: Timestamp(1), seed: 1, run: 1, batch: 1 }, commands }
    }

    /// A witness who has seen one entry after the other, each a mebibyte long.
    fn after(entries: u64) -> (Witness, Machine) {
        let (mut witness, mut machine) = (Witness::default(), Machine::default());
        for number in 0..entries {
            let tick = entry(vec![Command::Tick]);
            machine.apply(&tick);
            witness.observe(Position(number << 20), &tick, &machine).unwrap();
        }
        (witness, machine)
    }

    #[test]
    fn a_state_is_vouched_for_whenever_the_log_has_grown_by_enough() {
        let (mut witness, mut machine) = (Witness::default(), Machine::default());
        let mut vouched = Vec::new();
        for number in 0..=64 {
            let tick = entry(vec![Command::Tick]);
            machine.apply(&tick);
            witness.observe(Position(number << 20), &tick, &machine).unwrap();
            if let Some(vouch) = witness.vouch() {
                assert_eq!(vouch.fingerprint, machine.fingerprint());
                vouched.push(vouch.after.0 >> 20);
            }
        }
        assert_eq!(vouched, [32, 64]);
    }

    #[test]
    fn a_state_that_differs_from_what_was_vouched_for_is_an_error() {
        let (mut witness, machine) = after(5);
        let vouch = Vouch { after: Position(4 << 20), fingerprint: machine.fingerprint() };
        let right = entry(vec![Command::Tick, Command::Vouch(vouch)]);
        witness.observe(Position(5 << 20), &right, &machine).unwrap();
        let wrong =
            entry(vec![Command::Vouch(Vouch { fingerprint: vouch.fingerprint.wrapping_add(1), ..vouch })]);
        let error = witness.observe(Position(6 << 20), &wrong, &machine).unwrap_err();
        assert!(matches!(error, Error::Diverged { position } if position == vouch.after));
    }

    #[test]
    fn what_was_vouched_for_too_long_ago_or_elsewhere_is_not_compared() {
        let (mut witness, machine) = after(70);
        for position in [0, 5 << 20, (69 << 20) + 1, 1 << 40] {
            let vouch = Vouch { after: Position(position), fingerprint: 0 };
            let entry = entry(vec![Command::Vouch(vouch)]);
            witness.observe(Position(70 << 20), &entry, &machine).unwrap();
        }
    }
}
