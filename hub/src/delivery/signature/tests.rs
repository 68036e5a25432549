use super::*;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};

fn public_key(signer: &Signer) -> Vec<u8> {
    let private = STANDARD.decode(&signer.stored().private_key).unwrap();
    KeyPair::from_pkcs8(&private).unwrap().public_key().as_ref().to_vec()
}

#[test]
fn a_signature_is_verified_by_the_key_of_the_certificate() {
    let signer = Signer::generate().unwrap();
    let text = "Message\nhello\n";
    for (version, algorithm) in [
        (Version::One, &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (Version::Two, &RSA_PKCS1_2048_8192_SHA256),
    ] {
        let signature = signer.sign(version, text).unwrap();
        assert_eq!(signature.len(), 344);
        let signature = STANDARD.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(algorithm, public_key(&signer));
        key.verify(text.as_bytes(), &signature).unwrap();
        assert!(key.verify(b"Message\nhullo\n", &signature).is_err());
    }
}

#[test]
fn a_signer_that_was_kept_signs_as_before() {
    let signer = Signer::generate().unwrap();
    let again = Signer::from_stored(signer.stored()).unwrap();
    for version in [Version::One, Version::Two] {
        assert_eq!(again.sign(version, "text"), signer.sign(version, "text"));
    }
    assert_eq!(again.certificate_path(), signer.certificate_path());
    assert_eq!(again.certificate_pem(), signer.certificate_pem());
}

#[test]
fn a_certificate_is_pem_and_its_path_names_it() {
    let (one, other) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    assert!(one.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    let hash = one.certificate_path().strip_prefix("/SimpleNotificationService-").unwrap();
    let hash = hash.strip_suffix(".pem").unwrap();
    assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert_ne!(one.certificate_path(), other.certificate_path());
}

#[test]
fn what_was_kept_badly_is_refused() {
    let (one, other) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let stored = one.stored();
    let elliptic = rcgen::KeyPair::generate().unwrap().serialize_der();
    for (private_key, certificate, expected) in [
        ("", stored.certificate.as_str(), Error::Damaged),
        ("not base64", &stored.certificate, Error::Damaged),
        (&STANDARD.encode(elliptic), &stored.certificate, Error::Damaged),
        (&stored.private_key[..400], &stored.certificate, Error::Damaged),
        (&stored.private_key, "", Error::Damaged),
        (&stored.private_key, other.certificate_pem(), Error::Mismatch),
    ] {
        let (private_key, certificate) = (private_key.to_owned(), certificate.to_owned());
        let read = Signer::from_stored(&Stored { private_key, certificate });
        assert_eq!(read.err(), Some(expected));
    }
}

#[test]
fn the_version_is_one_unless_the_topic_says_two() {
    for (attribute, number) in [(None, "1"), (Some("1"), "1"), (Some("2"), "2")] {
        assert_eq!(Version::of_topic(attribute).number(), number);
    }
}
