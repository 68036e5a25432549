//! [`RequestId`]: the identity of an answer, in its headers and in the body of Query answers.

use std::cell::RefCell;
use uuid::{Builder, Uuid};

/// A random UUID as text.
pub(super) struct RequestId(pub(super) [u8; 36]);

impl RequestId {
    pub(super) fn new() -> Self {
        let mut text = [0; 36];
        random().hyphenated().encode_lower(&mut text);
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Random bytes for that many identities are asked of the system at once: a call for each would cost a request more
/// than to find out what it wants.
const SUPPLY: usize = 64;

thread_local! {
    static RANDOM: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
}

fn random() -> Uuid {
    let bytes = RANDOM.with(|random| {
        let mut random = random.try_borrow_mut().ok()?;
        if random.is_empty() {
            let mut fresh = [0; SUPPLY * 16];
            aws_lc_rs::rand::fill(&mut fresh).ok()?;
            let (identities, _) = fresh.as_chunks();
            random.extend_from_slice(identities);
        }
        random.pop()
    });
    bytes.map_or_else(Uuid::new_v4, |bytes| Builder::from_random_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn request_ids_are_random_uuids_also_beyond_one_supply() {
        let ids = (0..3 * SUPPLY).map(|_| RequestId::new().as_str().to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(ids.len(), 3 * SUPPLY);
        for id in ids {
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4, "{id}");
        }
    }
}
