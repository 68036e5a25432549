//! Hubs behind TLS: the Rust client believes those authorities that it was given, over HTTP and over a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use fanq_client::{Builder, Client, Error};
use fanq_tests::{Hub, Proxy};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::socket_client::emptied;

/// An authority of this test alone.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new([]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// Takes encrypted connections for `localhost`, and makes each to the hub.
async fn terminator(authority: &CertifiedIssuer<'static, KeyPair>, hub: SocketAddr) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who does not believe the certificate has gone.
                let Ok(mut client) = acceptor.accept(stream).await else { return };
                let mut hub = TcpStream::connect(hub).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut hub).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_client_believes_whom_it_was_told_to_believe() {
    let hub = Hub::start(&[]);
    let authority = authority();
    let address = terminator(&authority, hub.address).await;
    let network = Proxy::new(address);
    let endpoint = format!("https://localhost:{}", network.address.port());

    let client = Client::builder(&endpoint).authorities(authority.pem()).build().unwrap();
    let queue = client.create_queue("jobs", &[]).await.unwrap();
    let socket = client.socket().open().await.unwrap();
    let mut jobs = socket.consume("jobs").credit(1).start().await.unwrap();
    for body in ["one", "two"] {
        socket.send("jobs", body).await.unwrap();
        let job = jobs.next().await.unwrap().unwrap();
        // The next connection asks for a certificate as the first did.
        network.cut();
        assert_eq!(job.body, body);
        job.ack().await.unwrap();
    }
    emptied(&queue).await;
    socket.close().await;
}

#[tokio::test]
async fn a_client_believes_nobody_else() {
    let hub = Hub::start(&[]);
    let authority = authority();
    let port = terminator(&authority, hub.address).await.port();
    let by_name = format!("https://localhost:{port}");
    let check = async |builder: Builder, expected: &str| {
        let client = builder.build().unwrap();
        let over_http = client.create_queue("jobs", &[]).await.unwrap_err();
        assert!(matches!(over_http, Error::Transport { .. }), "{over_http}");
        let over_socket = client.socket().open().await.unwrap_err();
        assert!(matches!(over_socket, Error::Closed { .. }), "{over_socket}");
        for error in [over_http, over_socket] {
            assert!(error.to_string().contains(expected), "{expected}: {error}");
        }
    };
    // Mozilla does not know it, another authority of the same name has not signed it, and it is for another name.
    check(Client::builder(&by_name), "UnknownIssuer").await;
    check(Client::builder(&by_name).authorities(self::authority().pem()), "BadSignature").await;
    let by_address = Client::builder(format!("https://127.0.0.1:{port}"));
    check(by_address.authorities(authority.pem()), "not valid for name").await;
    for nobody in ["", "authority", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = Client::builder(&by_name).authorities(nobody).build().unwrap_err();
        assert!(matches!(error, Error::Setting(_)), "{nobody}: {error}");
    }
}
