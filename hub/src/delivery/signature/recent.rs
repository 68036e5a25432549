//! Signatures that were made lately, so that a text is signed once, however many subscriptions it goes to.
//!
//! The signed text names the publish by its id, so a version and the text's hash are all that tells signatures apart.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Error, Signer, Version};

/// How many signatures are remembered: 5 MB of them.
const REMEMBERED_MAX: usize = 10_000;

type Key = (Version, [u8; 32]);

/// Empty until the first who asks for it has signed.
type Place = Arc<Mutex<Option<Arc<str>>>>;

/// Signs what it did not sign lately.
pub(crate) struct Signatures {
    signer: Signer,
    recent: Mutex<Recent>,
}

impl Signatures {
    pub(crate) fn new(signer: Signer) -> Self {
        Self { signer, recent: Mutex::default() }
    }

    /// Whose signatures they are.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The signature of a text, if it was made lately.
    pub(crate) fn known(&self, version: Version, text: &str) -> Option<Arc<str>> {
        let place = locked(&self.recent).places.get(&(version, hash(text))).cloned()?;
        // Somebody who signs just now holds it.
        place.try_lock().ok()?.clone()
    }

    /// The signature of a text, in base64. It is made here unless it was made already; meanwhile only those wait who
    /// ask for the same one.
    pub(crate) fn of(&self, version: Version, text: &str) -> Result<Arc<str>, Error> {
        self.once(version, text, || self.signer.sign(version, text))
    }

    fn once(
        &self,
        version: Version,
        text: &str,
        sign: impl FnOnce() -> Result<String, Error>,
    ) -> Result<Arc<str>, Error> {
        let place = locked(&self.recent).place((version, hash(text)), REMEMBERED_MAX);
        let mut place = locked(&place);
        if let Some(signature) = place.as_ref() {
            return Ok(Arc::clone(signature));
        }
        let signature: Arc<str> = sign()?.into();
        *place = Some(Arc::clone(&signature));
        Ok(signature)
    }
}

/// Places of signatures; the oldest goes first.
#[derive(Default)]
struct Recent {
    places: HashMap<Key, Place>,
    order: VecDeque<Key>,
}

impl Recent {
    fn place(&mut self, key: Key, places_max: usize) -> Place {
        if let Some(place) = self.places.get(&key) {
            return Arc::clone(place);
        }
        while self.order.len() >= places_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
        let place = Place::default();
        self.places.insert(key, Arc::clone(&place));
        self.order.push_back(key);
        place
    }
}

fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

/// What a panic left behind is whole: a place is empty or has its signature.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_text_is_signed_once_for_all_who_ask_at_the_same_time() {
        let signatures = Signatures::new(Signer::generate().unwrap());
        let (made, begin) = (AtomicUsize::new(0), Barrier::new(8));
        let ask = || {
            begin.wait();
            let sign = || {
                made.fetch_add(1, Ordering::Relaxed);
                signatures.signer().sign(Version::Two, "text")
            };
            signatures.once(Version::Two, "text", sign).unwrap()
        };
        let all = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(ask));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(made.into_inner(), 1);
        assert!(all.iter().all(|signature| Arc::ptr_eq(signature, &all[0])));
    }

    #[test]
    fn versions_and_texts_have_signatures_of_their_own() {
        let signatures = Signatures::new(Signer::generate().unwrap());
        assert_eq!(signatures.known(Version::One, "text"), None);
        let one = signatures.of(Version::One, "text").unwrap();
        assert_eq!(signatures.known(Version::One, "text"), Some(Arc::clone(&one)));
        let two = signatures.of(Version::Two, "text").unwrap();
        let other = signatures.of(Version::Two, "another").unwrap();
        assert!(one != two && two != other);
        assert_eq!(two, signatures.of(Version::Two, "text").unwrap());
    }

    #[test]
    fn a_signature_that_could_not_be_made_is_made_by_the_next_who_asks() {
        let signatures = Signatures::new(Signer::generate().unwrap());
        let failed = signatures.once(Version::One, "text", || Err(Error::Signing));
        assert_eq!(failed, Err(Error::Signing));
        assert!(signatures.of(Version::One, "text").is_ok());
    }

    #[test]
    fn the_oldest_signature_is_forgotten_first() {
        let mut recent = Recent::default();
        let key = |number: u8| (Version::One, [number; 32]);
        let places = [0, 1, 2].map(|number| recent.place(key(number), 2));
        assert_eq!([recent.places.len(), recent.order.len()], [2, 2]);
        assert!(Arc::ptr_eq(&recent.place(key(1), 2), &places[1]));
        assert!(Arc::ptr_eq(&recent.place(key(2), 2), &places[2]));
        assert!(!Arc::ptr_eq(&recent.place(key(0), 2), &places[0]));
    }
}
