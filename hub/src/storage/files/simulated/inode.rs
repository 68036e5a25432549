//! One file of the simulated disk: what the system sees, and what the disk has.

use super::random::Random;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const SECTOR_BYTES: usize = 512;

type Sector = [u8; SECTOR_BYTES];

/// How kind a power loss is to what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mercy {
    /// Nothing of it got to the disk.
    Nothing,
    /// All of it did.
    Everything,
    /// Each sector is as before or as written.
    Each,
    /// Each sector is anything: as before, as written, as in between, torn, zeros, or garbage.
    None,
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    content: Arc<Vec<u8>>,
    /// The sectors that the disk does not have as the system sees them.
    unsynced: BTreeMap<usize, Unsynced>,
    /// The size that the disk has.
    synced_bytes: usize,
}

#[derive(Debug, Clone)]
struct Unsynced {
    /// What the disk has.
    kept: Box<Sector>,
    /// What was written after that and before the last write.
    earlier: Vec<Sector>,
    /// After a sync that failed: the system takes the sector for clean, and never writes it again by itself.
    forgotten: bool,
}

impl Inode {
    pub(super) fn new(bytes: usize) -> Self {
        Self { content: Arc::new(vec![0; bytes]), ..Self::default() }
    }

    /// A file that is on the disk as it is.
    pub(super) fn kept(content: Vec<u8>) -> Self {
        Self { synced_bytes: content.len(), content: Arc::new(content), unsynced: BTreeMap::new() }
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    pub(super) fn resize(&mut self, bytes: usize) {
        Arc::make_mut(&mut self.content).resize(bytes, 0);
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if self.content.len() < offset + bytes.len() {
            self.resize(offset + bytes.len());
        }
        let mut done = 0;
        while done < bytes.len() {
            let from = offset + done;
            let sector = from / SECTOR_BYTES;
            let part = ((sector + 1) * SECTOR_BYTES - from).min(bytes.len() - done);
            self.write_in_sector(sector, from, &bytes[done..done + part]);
            done += part;
        }
    }

    fn write_in_sector(&mut self, sector: usize, from: usize, bytes: &[u8]) {
        let is_same = self.content[from..from + bytes.len()] == *bytes;
        match self.unsynced.get_mut(&sector) {
            // The same again is a write like any other to a system that takes the sector for clean.
            Some(unsynced) if is_same => unsynced.forgotten = false,
            Some(_) => {
                let before = self.sector(sector);
                if let Some(unsynced) = self.unsynced.get_mut(&sector) {
                    unsynced.earlier.push(*before);
                    unsynced.forgotten = false;
                }
            }
            None if is_same => {}
            None => {
                let kept = self.sector(sector);
                self.unsynced.insert(sector, Unsynced { kept, earlier: Vec::new(), forgotten: false });
            }
        }
        if !is_same {
            Arc::make_mut(&mut self.content)[from..from + bytes.len()].copy_from_slice(bytes);
        }
    }

    fn sector(&self, sector: usize) -> Box<Sector> {
        let from = sector * SECTOR_BYTES;
        let to = (from + SECTOR_BYTES).min(self.content.len());
        let mut bytes = Box::new([0; SECTOR_BYTES]);
        bytes[..to - from].copy_from_slice(&self.content[from..to]);
        bytes
    }

    /// Has the disk keep everything that the system does not take for clean.
    pub(super) fn sync(&mut self) {
        self.unsynced.retain(|_, unsynced| unsynced.forgotten);
        self.synced_bytes = self.content.len();
    }

    /// Has the disk keep some of it.
    pub(super) fn sync_partly(&mut self, random: &mut Random) {
        self.unsynced.retain(|_, unsynced| unsynced.forgotten || random.one_in(2));
        if random.one_in(2) {
            self.synced_bytes = self.content.len();
        }
    }

    /// A sync that fails: the disk keeps some, and of the rest the system takes some for clean.
    pub(super) fn fail_to_sync(&mut self, random: &mut Random) {
        self.sync_partly(random);
        let all = random.one_in(2);
        for unsynced in self.unsynced.values_mut() {
            unsynced.forgotten |= all || random.one_in(2);
        }
    }

    /// Makes the file what the next start finds after a power loss.
    pub(super) fn lose_power(&mut self, mercy: Mercy, random: &mut Random) {
        let is_resized = match mercy {
            Mercy::Nothing => false,
            Mercy::Everything => true,
            Mercy::Each | Mercy::None => random.one_in(2),
        };
        let sectors = std::mem::take(&mut self.unsynced);
        if !is_resized && self.content.len() != self.synced_bytes {
            let bytes = self.synced_bytes;
            self.resize(bytes);
        }
        self.synced_bytes = self.content.len();
        for (sector, unsynced) in sectors {
            let from = sector * SECTOR_BYTES;
            if from < self.content.len() {
                let found = after_power_loss(&unsynced, &self.sector(sector), mercy, random);
                let to = (from + SECTOR_BYTES).min(self.content.len());
                Arc::make_mut(&mut self.content)[from..to].copy_from_slice(&found[..to - from]);
            }
        }
    }
}

/// What a sector holds after a power loss. Bytes that no write changed since the sync are as they were: a disk writes
/// sectors whole, and one that harmed its neighbours could keep nothing.
fn after_power_loss(unsynced: &Unsynced, now: &Sector, mercy: Mercy, random: &mut Random) -> Sector {
    let kept = *unsynced.kept;
    if unsynced.forgotten {
        return kept;
    }
    let differs = |(one, other): (&u8, &u8)| one != other;
    let span = |zip: std::iter::Zip<std::slice::Iter<'_, u8>, std::slice::Iter<'_, u8>>| {
        let first = zip.clone().position(differs)?;
        let last = zip.rev().position(differs)?;
        Some(first..SECTOR_BYTES - last)
    };
    let changed = span(kept.iter().zip(now)).unwrap_or(0..0);
    let draw = match mercy {
        Mercy::Nothing => 0,
        Mercy::Everything => 1,
        Mercy::Each => random.below(2),
        Mercy::None => random.below(6),
    };
    let mut found = kept;
    match draw {
        0 => {}
        1 => found = *now,
        2 => found[changed].fill(0),
        3 => found[changed].iter_mut().for_each(|byte| *byte = random.next() as u8),
        4 => {
            let torn = changed.start + random.index(changed.len() + 1);
            found[..torn].copy_from_slice(&now[..torn]);
        }
        _ => {
            found =
                unsynced.earlier.get(random.index(unsynced.earlier.len() + 1)).map_or(*now, |sector| *sector)
        }
    }
    found
}
