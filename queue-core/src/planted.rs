//! Mistakes that tests can have the machine make, to see whether the other tests notice. Outside tests it makes none:
//! [`is`] is a constant there, and what depends on it is not compiled in.

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// What was accepted lately is not part of the encoded state.
    DeduplicationNotPersisted,
    /// Messages of a group that are in flight come back visible from the encoded state.
    FifoLockLostAtRestart,
    /// A delayed message can be received a second early.
    EarlyDelay,
    /// A publish leaves out the last of its subscriptions.
    PartialFanOut,
    /// A message is moved to the dead-letter queue one receive too late.
    DeadLetterCountOffByOne,
    /// A carry gives the reference a place that is not that of the copy.
    CarriedBodyLost,
    /// What an entry does depends on something that is not part of it.
    SettingReadInApply,
}

/// Whether the machine is to make this mistake.
#[cfg(not(test))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}

/// Something that changes from one time to the next.
#[cfg(not(test))]
pub(crate) const fn setting() -> usize {
    0
}

#[cfg(test)]
pub(crate) use switch::{is, setting, with};

#[cfg(test)]
mod switch {
    use super::Bug;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
        static SETTING: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    pub(crate) fn setting() -> usize {
        SETTING.set((SETTING.get() + 1) % 4);
        SETTING.get()
    }

    /// Has the machine make the mistake as long as `test` runs, on this thread.
    pub(crate) fn with<T>(bug: Bug, test: impl FnOnce() -> T) -> T {
        struct Unplant;
        impl Drop for Unplant {
            fn drop(&mut self) {
                PLANTED.set(None);
            }
        }
        let _unplant = Unplant;
        SETTING.set(0);
        PLANTED.set(Some(bug));
        test()
    }
}
