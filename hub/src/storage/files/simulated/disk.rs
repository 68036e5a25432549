//! The simulated disk behind its lock: names, files, and the faults that it is told to have.

use super::inode::{Inode, Mercy};
use super::random::Random;
use std::collections::BTreeMap;
use std::io;

/// Where the machine stops, seen from one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The call does nothing any more.
    Before,
    /// The call does some of what it should.
    Within,
    /// The call does all of it, but nobody is told.
    After,
}

/// What ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process: the system still has all that was written.
    Kill,
    /// The machine: the disk has what was synced, and any of the rest.
    PowerLoss,
}

/// How much of a call is to be done.
#[derive(Clone, Copy)]
pub(super) enum Extent {
    Whole,
    Part,
    /// None of it, as far as anybody can tell; a sync that fails may have done something all the same.
    Failing,
}

#[derive(Debug, Clone)]
enum Renaming {
    Put { name: String, inode: u64 },
    Move { from: String, to: String, inode: u64 },
    Take { name: String, inode: u64 },
}

#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub(super) random: Random,
    /// Whether what is appended is written in whole pages, as past the system's cache. Every other disk has that.
    pub(super) writes_pages: bool,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    names: BTreeMap<String, u64>,
    /// The names that the disk has.
    kept: BTreeMap<String, u64>,
    /// What happened to names since then.
    renamings: Vec<Renaming>,
    /// Rises with every crash; what was opened before is of no use.
    pub(super) boot: u64,
    /// Changing calls so far.
    pub(super) calls: u64,
    pub(super) stop: Option<(u64, Stop)>,
    pub(super) is_stopped: bool,
    pub(super) fails: Option<u64>,
    pub(super) capacity: u64,
}

fn stopped() -> io::Error {
    io::Error::other("the machine has stopped")
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            writes_pages: seed % 2 == 1,
            inodes: BTreeMap::new(),
            next_inode: 0,
            names: BTreeMap::new(),
            kept: BTreeMap::new(),
            renamings: Vec::new(),
            boot: 0,
            calls: 0,
            stop: None,
            is_stopped: false,
            fails: None,
            capacity: u64::MAX,
        }
    }

    /// Does something that changes the disk, with the fault that is due.
    pub(super) fn change<T>(
        &mut self,
        work: impl FnOnce(&mut Self, Extent) -> io::Result<T>,
    ) -> io::Result<T> {
        self.check_runs()?;
        self.calls += 1;
        if self.fails == Some(self.calls) {
            self.fails = None;
            let _ = work(self, Extent::Failing);
            return Err(io::Error::other("input/output error"));
        }
        let extent = match self.stop.filter(|(call, _)| *call == self.calls) {
            None => return work(self, Extent::Whole),
            Some((_, Stop::Before)) => None,
            Some((_, Stop::Within)) => Some(Extent::Part),
            Some((_, Stop::After)) => Some(Extent::Whole),
        };
        if let Some(extent) = extent {
            let _ = work(self, extent);
        }
        self.is_stopped = true;
        Err(stopped())
    }

    pub(super) fn check_runs(&self) -> io::Result<()> {
        if self.is_stopped { Err(stopped()) } else { Ok(()) }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    pub(super) fn inode(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(not_found)
    }

    pub(super) fn file(&self, inode: u64) -> io::Result<&Inode> {
        self.inodes.get(&inode).ok_or_else(not_found)
    }

    pub(super) fn file_mut(&mut self, inode: u64) -> io::Result<(&mut Inode, &mut Random)> {
        let file = self.inodes.get_mut(&inode).ok_or_else(not_found)?;
        Ok((file, &mut self.random))
    }

    /// Bytes that files with names take.
    pub(super) fn used_bytes(&self) -> u64 {
        self.names
            .values()
            .filter_map(|inode| self.inodes.get(inode))
            .map(|file| file.content().len() as u64)
            .sum()
    }

    pub(super) fn check_space(&self, before: usize, after: u64) -> io::Result<()> {
        let used = self.used_bytes() - before as u64;
        if used + after > self.capacity { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    /// Gives a name to a file, in place of one that had it.
    pub(super) fn put(&mut self, name: &str, file: Inode) -> u64 {
        let inode = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(inode, file);
        self.rename_with(Renaming::Put { name: name.to_owned(), inode });
        inode
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let inode = self.inode(from)?;
        self.rename_with(Renaming::Move { from: from.to_owned(), to: to.to_owned(), inode });
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        let inode = self.inode(name)?;
        self.rename_with(Renaming::Take { name: name.to_owned(), inode });
        Ok(())
    }

    fn rename_with(&mut self, renaming: Renaming) {
        apply(&mut self.names, &renaming);
        self.renamings.push(renaming);
    }

    pub(super) fn sync_folder(&mut self) {
        self.kept.clone_from(&self.names);
        self.renamings.clear();
        self.forget_unnamed();
    }

    /// Has the disk keep some of what happened to names, in any order.
    pub(super) fn sync_folder_partly(&mut self) {
        let renamings = std::mem::take(&mut self.renamings);
        for renaming in renamings {
            if self.random.one_in(2) {
                apply(&mut self.kept, &renaming);
            } else {
                self.renamings.push(renaming);
            }
        }
    }

    /// Everything is on the disk, as it is after a while.
    pub(super) fn write_back(&mut self) {
        for file in self.inodes.values_mut() {
            file.sync();
        }
        self.sync_folder();
    }

    /// Makes the disk what the next start finds.
    pub(super) fn crash(&mut self, crash: Crash) {
        self.boot += 1;
        // A stop that was not come to is still to come.
        if std::mem::take(&mut self.is_stopped) {
            self.stop = None;
        }
        if crash == Crash::Kill {
            return;
        }
        let mercies = [Mercy::Nothing, Mercy::Everything, Mercy::Each, Mercy::None, Mercy::None];
        let mercy = self.random.pick(&mercies);
        for renaming in std::mem::take(&mut self.renamings) {
            let is_kept = match mercy {
                Mercy::Nothing => false,
                Mercy::Everything => true,
                Mercy::Each | Mercy::None => self.random.one_in(2),
            };
            if is_kept {
                apply(&mut self.kept, &renaming);
            }
        }
        self.names.clone_from(&self.kept);
        for file in self.inodes.values_mut() {
            file.lose_power(mercy, &mut self.random);
        }
        self.forget_unnamed();
    }

    /// Gives up files that have no name, unless somebody may have them open.
    fn forget_unnamed(&mut self) {
        let named: std::collections::BTreeSet<_> =
            self.names.values().chain(self.kept.values()).copied().collect();
        let last = self.next_inode;
        // What was open for so long is not read any more.
        self.inodes.retain(|inode, _| named.contains(inode) || inode + 64 > last);
    }
}

fn apply(names: &mut BTreeMap<String, u64>, renaming: &Renaming) {
    let take = |names: &mut BTreeMap<String, u64>, name: &String, inode| {
        if names.get(name) == Some(&inode) {
            names.remove(name);
        }
    };
    match renaming {
        Renaming::Put { name, inode } => drop(names.insert(name.clone(), *inode)),
        Renaming::Move { from, to, inode } => {
            take(names, from, *inode);
            names.insert(to.clone(), *inode);
        }
        Renaming::Take { name, inode } => take(names, name, *inode),
    }
}
