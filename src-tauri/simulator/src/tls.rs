//! TLS at the doors: an authority of our own, and certificates good and bad. Must not know what is served.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCertUsingSni;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a server shows to a client that speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// One for `127.0.0.1` and `localhost`, of the server's [authority](crate::Server::authority_pem).
    Trusted,
    /// The same, expired.
    Expired,
    /// One of the same authority, for another name.
    OtherName,
    /// One for the right names, of an authority that nobody knows, as an intercepting proxy shows.
    Stranger,
    /// None: the handshake fails.
    None,
}

/// The first byte of a TLS connection: a handshake record (RFC 8446 section 5.1).
pub(crate) const HANDSHAKE: u8 = 22;

const OWN_NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// One server's certificates.
pub(crate) struct Tls {
    authority: Authority,
    shown: Mutex<TlsAcceptor>,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

impl Tls {
    /// Shows [`Certificate::Trusted`].
    pub(crate) fn new() -> io::Result<Self> {
        let authority = authority("Lamplighter simulator").map_err(io::Error::other)?;
        let shown = Mutex::new(acceptor(&authority, Certificate::Trusted)?);
        Ok(Self { authority, shown })
    }

    pub(crate) fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// Shows `certificate` to connections from now on.
    pub(crate) fn show(&self, certificate: Certificate) -> io::Result<()> {
        let acceptor = acceptor(&self.authority, certificate)?;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(())
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        shown.accept(stream).await
    }
}

fn acceptor(own: &Authority, certificate: Certificate) -> io::Result<TlsAcceptor> {
    let made = match certificate {
        Certificate::Trusted => leaf(own, &OWN_NAMES, 4000).map(Some),
        Certificate::Expired => leaf(own, &OWN_NAMES, 2001).map(Some),
        Certificate::OtherName => leaf(own, &["elsewhere.example"], 4000).map(Some),
        Certificate::Stranger => authority("Stranger").and_then(|stranger| leaf(&stranger, &OWN_NAMES, 4000)).map(Some),
        Certificate::None => Ok(None),
    };
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth();
    let config = match made.map_err(io::Error::other)? {
        Some((certificate, key)) => {
            builder.with_single_cert(vec![certificate], key.into()).map_err(io::Error::other)?
        }
        None => builder.with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new())),
    };
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn authority(name: &str) -> Result<Authority, rcgen::Error> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

/// A certificate for `names`, valid until the year `until`, and its key.
fn leaf(
    authority: &Authority,
    names: &[&str],
    until: i32,
) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der())))
}
