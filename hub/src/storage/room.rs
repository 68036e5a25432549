//! What the store has room for, known to everybody who has something to add.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

/// What there is not enough of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Space on the disk.
    Disk,
    /// Memory for the state.
    Memory,
}

/// How much space the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Enough.
    Enough,
    /// What is held for receiving and deleting, no more.
    Reserve,
    /// None.
    Nothing,
}

/// Shared between the log, which knows the disk, the engine, which knows the state, and the workers, who ask.
#[derive(Debug, Default)]
pub(crate) struct Room {
    disk: AtomicU8,
    memory_is_full: AtomicBool,
    pause_ms: AtomicU32,
}

impl Room {
    /// How long to wait before adding something; an error if nothing can be added.
    pub(crate) fn to_grow(&self) -> Result<Duration, Lack> {
        if self.disk() != Disk::Enough {
            return Err(Lack::Disk);
        }
        if self.memory_is_full.load(Ordering::Relaxed) {
            return Err(Lack::Memory);
        }
        Ok(Duration::from_millis(u64::from(self.pause_ms.load(Ordering::Relaxed))))
    }

    /// Whether anything at all can be written.
    pub(crate) fn to_write(&self) -> Result<(), Lack> {
        if self.disk() == Disk::Nothing { Err(Lack::Disk) } else { Ok(()) }
    }

    pub(crate) fn disk(&self) -> Disk {
        match self.disk.load(Ordering::Relaxed) {
            0 => Disk::Enough,
            1 => Disk::Reserve,
            _ => Disk::Nothing,
        }
    }

    pub(crate) fn set_disk(&self, disk: Disk) {
        let value = match disk {
            Disk::Enough => 0,
            Disk::Reserve => 1,
            Disk::Nothing => 2,
        };
        self.disk.store(value, Ordering::Relaxed);
    }

    pub(crate) fn set_memory_is_full(&self, is_full: bool) {
        self.memory_is_full.store(is_full, Ordering::Relaxed);
    }

    /// Slows down whatever adds something, because the checkpoints cannot keep up.
    pub(crate) fn set_pause(&self, pause: Duration) {
        self.pause_ms.store(u32::try_from(pause.as_millis()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}
