//! A memory that ends with the program.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::Store;

/// Remembers keys for a while, and at most so many; the oldest are forgotten first.
#[derive(Debug)]
pub struct MemoryStore {
    age: Duration,
    keys_max: usize,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    known: HashSet<String>,
    /// In the order in which they came.
    aged: VecDeque<(SystemTime, String)>,
}

impl MemoryStore {
    /// A memory of keys no older than this, and no more than this.
    #[must_use]
    pub fn new(age: Duration, keys_max: usize) -> Self {
        Self { age, keys_max, keys: Mutex::default() }
    }

    /// Remembers a key of a certain time, and whether it is new.
    pub(super) fn insert(&self, key: &str, at: SystemTime) -> bool {
        let mut keys = self.lock();
        let is_new = keys.known.insert(key.to_owned());
        if is_new {
            keys.aged.push_back((at, key.to_owned()));
        }
        while keys.aged.len() > self.keys_max {
            keys.forget_oldest();
        }
        is_new
    }

    pub(super) fn forget_old(&self, now: SystemTime) {
        let mut keys = self.lock();
        let is_old = |at: SystemTime| now.duration_since(at).is_ok_and(|age| age > self.age);
        while keys.aged.front().is_some_and(|(at, _)| is_old(*at)) {
            keys.forget_oldest();
        }
    }

    /// What is remembered, the oldest first.
    pub(super) fn all(&self) -> Vec<(SystemTime, String)> {
        self.lock().aged.iter().cloned().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().aged.len()
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.aged.pop_front() {
            self.known.remove(&key);
        }
    }
}

impl Store for MemoryStore {
    fn is_done(&self, key: &str) -> bool {
        self.forget_old(SystemTime::now());
        self.lock().known.contains(key)
    }

    fn remember(&self, key: &str) -> io::Result<()> {
        self.forget_old(SystemTime::now());
        self.insert(key, SystemTime::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_keys_and_too_many_are_forgotten() {
        let hour = Duration::from_secs(3600);
        let store = MemoryStore::new(hour, 2);
        let now = SystemTime::now();
        store.insert("old", now - 2 * hour);
        store.insert("a", now);
        assert!(!store.is_done("old"));
        store.remember("b").unwrap();
        store.remember("b").unwrap();
        assert!(store.is_done("a") && store.is_done("b"));
        store.remember("c").unwrap();
        assert!(!store.is_done("a"));
        assert!(store.is_done("b") && store.is_done("c"));
    }
}
