//! Bugs that tests plant, to see that they would be caught. Outside tests there are none.

/// A bug that a log could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests plant bugs"))]
pub(crate) enum Bug {
    /// Entries are handed back before they are on the disk.
    AcknowledgedBeforeSync,
    /// New names are not kept by a sync of the folder.
    NoFolderSync,
    /// What recovery read is not synced before it is built on.
    NoRecoverySync,
    /// What a failed sync left is believed to be on the disk.
    FailedSyncTrusted,
    /// Checksums are not compared.
    ChecksumsIgnored,
    /// Deletions are applied without having been logged.
    DeleteNotLogged,
    /// Records of an earlier use of a segment count.
    StaleRecordsAccepted,
    /// A segment is used anew when the live machine needs nothing of it.
    RecycledByLiveState,
    /// Log time follows the wall clock, wherever it jumps.
    ClockFollowsWall,
}

#[cfg(test)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether this bug is planted, on this thread.
#[cfg(test)]
pub(crate) fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

#[cfg(not(test))]
pub(crate) const fn is(_bug: Bug) -> bool {
    false
}

/// Does something with a bug planted.
#[cfg(test)]
pub(crate) fn with<R>(bug: Bug, work: impl FnOnce() -> R) -> R {
    struct Restore(Option<Bug>);
    impl Drop for Restore {
        fn drop(&mut self) {
            PLANTED.set(self.0);
        }
    }
    let _restore = Restore(PLANTED.replace(Some(bug)));
    work()
}
