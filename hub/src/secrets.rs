//! What the keys of the store are for: receipt handles that cannot be forged, hashes of deduplication ids, and
//! identities derived rather than stored.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::alphabet::CRYPT;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use queue_core::codec::{Codec, Reader};
use queue_core::{DeduplicationKeys, Genesis, Receipt, SubscriptionId};
use uuid::Uuid;

/// Bytes of a handle's authentication code.
const CODE_BYTES: usize = 16;

/// Bytes of a token with which an endpoint agrees to its subscription.
const TOKEN_BYTES: usize = 144;

/// Why a token is for no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadToken {
    /// It does not look like one.
    Malformed,
    /// No store with these keys ever made it.
    Unknown,
}

/// Letters, digits, `.` and `/`, for which `_` is written, so that a handle can stand in a path. Not `-`, where the
/// extended clients cut the handle off what they put in front of it, and which a command line takes for an option; and
/// not `+`, which is a space in a form.
const HANDLES: GeneralPurpose = GeneralPurpose::new(&CRYPT, NO_PAD);

pub(crate) struct Secrets {
    handles: hmac::Key,
    hashes: hmac::Key,
}

impl Secrets {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        Self {
            handles: hmac::Key::new(hmac::HMAC_SHA256, &genesis.handle_key),
            hashes: hmac::Key::new(hmac::HMAC_SHA256, &genesis.hash_key),
        }
    }

    /// Keys for a new store, from the system's entropy.
    pub(crate) fn genesis() -> Genesis {
        let key = || {
            let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
            let digest = aws_lc_rs::digest::digest(
                &aws_lc_rs::digest::SHA256,
                &[*first.as_bytes(), *second.as_bytes()].concat(),
            );
            let mut key = [0; 32];
            key.copy_from_slice(digest.as_ref());
            key
        };
        Genesis {
            level: queue_core::LEVEL,
            store: Uuid::new_v4().as_u128(),
            handle_key: key(),
            hash_key: key(),
        }
    }

    /// The handle that a receiver gets.
    pub(crate) fn handle(&self, receipt: &Receipt) -> String {
        let mut bytes = receipt.to_bytes();
        let code = hmac::sign(&self.handles, &bytes);
        bytes.extend(code.as_ref().iter().take(CODE_BYTES));
        HANDLES.encode(bytes).replace('/', "_")
    }

    /// The receipt behind a handle; none if no store with these keys ever made it.
    pub(crate) fn receipt(&self, handle: &str) -> Option<Receipt> {
        let bytes = HANDLES.decode(handle.replace('_', "/")).ok()?;
        let (receipt, code) = bytes.split_at_checked(bytes.len().checked_sub(CODE_BYTES)?)?;
        let expected = hmac::sign(&self.handles, receipt);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref().get(..CODE_BYTES)?, code).ok()?;
        let mut input = Reader::new(receipt);
        let receipt = Receipt::decode(&mut input).ok()?;
        (input.remaining() == 0).then_some(receipt)
    }

    /// What a deduplication id is remembered as.
    pub(crate) fn deduplication(&self, group: &str, id: &str) -> DeduplicationKeys {
        let in_group = [&(group.len() as u64).to_le_bytes(), group.as_bytes(), id.as_bytes()].concat();
        DeduplicationKeys { overall: self.hash("id", id.as_bytes()), in_group: self.hash("group", &in_group) }
    }

    /// What a ReceiveRequestAttemptId is remembered as.
    pub(crate) fn attempt(&self, id: &str) -> u128 {
        self.hash("attempt", id.as_bytes())
    }

    /// The UUID in a subscription's ARN.
    pub(crate) fn subscription(&self, id: SubscriptionId) -> Uuid {
        let bytes = self.hash("subscription", &id.0.to_le_bytes()).to_le_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// With what the endpoint of a subscription agrees to it: as long as AWS's, in hexadecimal digits.
    pub(crate) fn token(&self, id: SubscriptionId) -> String {
        let named = id.0.to_le_bytes();
        let blocks =
            (0_u8..).flat_map(|block| self.hash("token", &[&named[..], &[block]].concat()).to_le_bytes());
        let bytes: Vec<u8> = named.into_iter().chain(blocks).take(TOKEN_BYTES).collect();
        hex::encode(bytes)
    }

    /// The subscription that a token is for.
    pub(crate) fn token_of(&self, token: &str) -> Result<SubscriptionId, BadToken> {
        let bytes = hex::decode(token).map_err(|_| BadToken::Malformed)?;
        let named = bytes.first_chunk().filter(|_| bytes.len() == TOKEN_BYTES).ok_or(BadToken::Malformed)?;
        let id = SubscriptionId(u64::from_le_bytes(*named));
        let expected = self.token(id);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(
            expected.as_bytes(),
            token.to_ascii_lowercase().as_bytes(),
        );
        same.map(|()| id).map_err(|_| BadToken::Unknown)
    }

    fn hash(&self, purpose: &str, bytes: &[u8]) -> u128 {
        let mut context = hmac::Context::with_key(&self.hashes);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(bytes);
        let code = context.sign();
        code.as_ref().iter().take(16).fold(0, |hash, byte| (hash << 8) | u128::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::{QueueId, Timestamp};

    fn secrets() -> Secrets {
        Secrets::new(&Secrets::genesis())
    }

    const RECEIPT: Receipt =
        Receipt { queue: QueueId(7), number: 300, receive: 2, at: Timestamp(1_700_000_000_000) };

    #[test]
    fn a_handle_gives_its_receipt_back() {
        let secrets = secrets();
        assert_eq!(secrets.receipt(&secrets.handle(&RECEIPT)), Some(RECEIPT));
    }

    #[test]
    fn a_handle_has_nothing_that_clients_cut_at_or_escape() {
        let secrets = secrets();
        for number in 0..100 {
            let handle = secrets.handle(&Receipt { number, ..RECEIPT });
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
            assert!(handle.chars().all(is_plain), "{handle}");
        }
    }

    #[test]
    fn a_handle_that_was_changed_anywhere_is_refused() {
        let secrets = secrets();
        let handle = secrets.handle(&RECEIPT);
        for (at, character) in handle.char_indices() {
            let other = if character == 'A' { "B" } else { "A" };
            let forged = format!("{}{other}{}", &handle[..at], &handle[at + 1..]);
            assert_eq!(secrets.receipt(&forged), None, "{forged}");
        }
        for garbage in ["", "A", "not a handle", &handle[..handle.len() - 4]] {
            assert_eq!(secrets.receipt(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn a_handle_of_another_store_is_refused() {
        assert_eq!(secrets().receipt(&secrets().handle(&RECEIPT)), None);
    }

    #[test]
    fn a_token_is_for_its_subscription_alone() {
        let secrets = secrets();
        let token = secrets.token(SubscriptionId(7));
        assert_eq!(token.len(), 288);
        assert_ne!(token, secrets.token(SubscriptionId(8)));
        assert_eq!(secrets.token_of(&token), Ok(SubscriptionId(7)));
        assert_eq!(secrets.token_of(&token.to_uppercase()), Ok(SubscriptionId(7)));
        let changed = token.replace('a', "b");
        assert_eq!(secrets.token_of(&changed), Err(BadToken::Unknown));
        for garbage in ["", "token", &token[1..], &token[2..], &token.replace('a', "x")] {
            assert_eq!(secrets.token_of(garbage), Err(BadToken::Malformed), "{garbage}");
        }
    }

    #[test]
    fn the_scope_of_a_deduplication_key_tells_groups_apart() {
        let secrets = secrets();
        let (one, other) = (secrets.deduplication("a", "id"), secrets.deduplication("b", "id"));
        assert_eq!(one.overall, other.overall);
        assert_ne!(one.in_group, other.in_group);
        assert_ne!(secrets.deduplication("ai", "d").in_group, one.in_group);
    }
}
