//! A private RSA key that signs by SHA-1 as well: the safe library signs by nothing older than SHA-256.
//!
//! This is the one place where the cryptography written in C is called directly, and it is called for three things:
//! to read a key, to sign a digest, to let the key go.

#![expect(unsafe_code, reason = "the library of cryptography is written in C")]

use std::ffi::{c_int, c_uint};
use std::ptr::NonNull;

use aws_lc_sys::{
    CBS, EVP_PKEY_free, EVP_PKEY_get1_RSA, EVP_parse_private_key, NID_sha1, NID_sha256, RSA, RSA_free,
    RSA_sign, RSA_size,
};

use super::Version;

/// The key: it owns what it points to, which nothing else points to.
pub(super) struct Key(NonNull<RSA>);

// SAFETY: a key may be used and freed by another thread than the one that made it.
unsafe impl Send for Key {}

// SAFETY: what is done with a shared key is to ask its size and to sign, which the library declares not to change it
// and to be safe on several threads at once.
unsafe impl Sync for Key {}

impl Key {
    /// Reads a key from PKCS#8; none if it is not an RSA key.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let mut input = CBS { data: der.as_ptr(), len: der.len() };
        // SAFETY: `input` spans `der`, which outlives the call and is only read.
        let parsed = NonNull::new(unsafe { EVP_parse_private_key(&raw mut input) })?;
        // SAFETY: `parsed` is a key, as it is not null. The result is null or counted by itself, so that it remains
        // when `parsed`, which is not used again, is freed.
        let rsa = unsafe {
            let rsa = EVP_PKEY_get1_RSA(parsed.as_ptr());
            EVP_PKEY_free(parsed.as_ptr());
            rsa
        };
        NonNull::new(rsa).map(Self)
    }

    /// Signs a digest that was made by the hash of this version.
    pub(super) fn sign(&self, version: Version, digest: &[u8]) -> Option<Vec<u8>> {
        let hash: c_int = match version {
            Version::One => NID_sha1,
            Version::Two => NID_sha256,
        };
        // SAFETY: the key lives as long as `self`.
        let size = unsafe { RSA_size(self.0.as_ptr()) };
        let mut signature = vec![0; usize::try_from(size).ok()?];
        let mut written: c_uint = 0;
        // SAFETY: `digest` is read within its length, at most `size` bytes of `signature` are written, and the key
        // is not changed. A digest of a wrong length is refused.
        let is_signed = unsafe {
            RSA_sign(
                hash,
                digest.as_ptr(),
                digest.len(),
                signature.as_mut_ptr(),
                &raw mut written,
                self.0.as_ptr(),
            )
        };
        signature.truncate(usize::try_from(written).ok()?);
        (is_signed == 1).then_some(signature)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the only pointer to the key, and its last use.
        unsafe { RSA_free(self.0.as_ptr()) }
    }
}
