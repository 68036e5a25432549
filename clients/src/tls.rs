//! Whom a client believes to be the hub: what calls over HTTP and sockets have in common.
//!
//! The provider of cryptography is named here, so that a program that has two of them need not choose one first.

use std::sync::Arc;

use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::Error;

/// Trusts these authorities, in PEM; without any, those of Mozilla.
pub(crate) fn config(authorities: Option<&[u8]>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Setting(error.to_string()))?;
    let config = match authorities {
        None => config.with_webpki_roots(),
        Some(pem) => config.with_root_certificates(roots(pem)?),
    };
    Ok(config.with_no_client_auth())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let unusable = |reason: &str| Error::Setting(format!("the authorities cannot be read: {reason}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| unusable(&error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is no certificate in PEM"));
    }
    Ok(roots)
}

/// Connections over HTTP, encrypted or not.
pub(crate) fn connector(mut tcp: HttpConnector, config: &ClientConfig) -> HttpsConnector<HttpConnector> {
    tcp.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(config.clone());
    builder.https_or_http().enable_http1().wrap_connector(tcp)
}
