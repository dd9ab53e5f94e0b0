//! The same servers over TLS, with certificates good and bad.

use std::io::ErrorKind;
use std::sync::Arc;

use lamplighter_simulator::{Certificate, Endpoint, Fault, Host, Scheme, Server, World, person};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::raw::{Outcome, get, read};

/// Speaks TLS with the authorization server, trusting its authority and no other.
async fn connect(server: &Server) -> Outcome<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.authority_pem().as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", server.issuer().port().ok_or("no port")?)).await?;
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("127.0.0.1")?, stream).await?)
}

/// Asks for the metadata, and gives everything that comes back.
async fn ask(server: &Server) -> Outcome<std::io::Result<Vec<u8>>> {
    let mut stream = connect(server).await?;
    let path = server.url(Endpoint::ServerMetadata).path().to_owned();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut bytes = Vec::new();
    Ok(stream.read_to_end(&mut bytes).await.map(|_| bytes))
}

/// Why no trusted connection came about.
async fn mistrust(server: &Server) -> Outcome<Error> {
    let error = connect(server).await.err().ok_or("it is trusted")?.downcast::<std::io::Error>()?;
    Ok(*error.into_inner().ok_or("no cause")?.downcast::<Error>()?)
}

#[tokio::test]
async fn the_same_port_serves_with_tls_and_without() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let plain = get(&server.url(Endpoint::ServerMetadata)).await?;
    let secure = read(&ask(&server).await??)?;
    assert_eq!(plain.json()?, secure.json()?);
    Ok(())
}

#[tokio::test]
async fn the_scheme_is_in_every_address() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.authorization(|rules| rules.scheme = Scheme::Https);
    server.resource(|rules| rules.scheme = Scheme::Https);
    assert_eq!(server.mcp_url().scheme(), "https");
    assert_eq!(server.issuer().scheme(), "https");
    let metadata = read(&ask(&server).await??)?.text();
    assert!(metadata.contains("https://127.0.0.1") && !metadata.contains("http://"), "{metadata}");
    server.authorization(|rules| rules.scheme = Scheme::Http);
    let client = Client::register(&server).await?;
    server.authorization(|rules| rules.scheme = Scheme::Https);
    assert_eq!(person::approve(&client.authorization_url(&[])).await?.path(), "/callback");
    Ok(())
}

#[tokio::test]
async fn bad_certificates_are_bad_in_the_way_they_say() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.show(Certificate::Expired)?;
    assert!(matches!(
        mistrust(&server).await?,
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })
    ));
    server.show(Certificate::OtherName)?;
    assert!(matches!(
        mistrust(&server).await?,
        Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
    ));
    server.show(Certificate::Stranger)?;
    assert_eq!(mistrust(&server).await?, Error::InvalidCertificate(CertificateError::UnknownIssuer));
    server.show(Certificate::None)?;
    assert_eq!(mistrust(&server).await?, Error::AlertReceived(AlertDescription::AccessDenied));
    server.show(Certificate::Trusted)?;
    assert_eq!(read(&ask(&server).await??)?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_reset_is_a_reset_under_tls_too() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.fail_times(Endpoint::ServerMetadata, 1, &Fault::Reset);
    assert_eq!(ask(&server).await?.err().map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
    server.fail_times(Endpoint::ServerMetadata, 1, &Fault::Close);
    assert_eq!(ask(&server).await?.err().map(|error| error.kind()), Some(ErrorKind::UnexpectedEof));
    server.go_down(Host::AuthorizationServer).await?;
    assert!(connect(&server).await.is_err());
    Ok(())
}
