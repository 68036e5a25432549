//! The certificate of the hub's key: it signs itself, since no authority vouches for a hub.

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// The name that receivers find in AWS's certificates, and that some of them look for.
const NAME: &str = "sns.amazonaws.com";

/// What the last part of the path begins with, as receivers know it.
const PATH: &str = "/SimpleNotificationService-";

/// How much of the certificate's hash is in its path, in bytes.
const PATH_HASH_BYTES: usize = 16;

/// A certificate as PEM for a private key in PKCS#8. Its dates depend on no clock, so a hub whose clock was wrong
/// when it was first started is as good as any other.
pub(super) fn of_key(private: &[u8]) -> Result<String, rcgen::Error> {
    let private = PrivatePkcs8KeyDer::from(private);
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&private, &PKCS_RSA_SHA256)?;
    let mut params = CertificateParams::new([NAME.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    Ok(params.self_signed(&pair)?.pem())
}

/// The certificate that a PEM text holds.
pub(super) fn der(pem: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

/// Whether a certificate is that of a public key, which every certificate contains as it is.
pub(super) fn is_of(certificate: &[u8], public_key: &[u8]) -> bool {
    !public_key.is_empty() && certificate.windows(public_key.len()).any(|part| part == public_key)
}

/// The path under which the hub serves a certificate.
pub(super) fn path(certificate: &[u8]) -> String {
    let hash = digest(&SHA256, certificate);
    let part = hash.as_ref().get(..PATH_HASH_BYTES).unwrap_or_default();
    format!("{PATH}{}.pem", hex::encode(part))
}
