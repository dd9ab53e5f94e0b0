//! Whom TLS trusts: the platform's verifier, and certificates that the environment adds.

use std::path::Path;
use std::sync::Arc;

use lamplighter_core::config::Environment;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::SetupError;

/// Variables that name a PEM file of certificates to trust beside the platform's.
const EXTRA: [&str; 2] = ["SSL_CERT_FILE", "LAMPLIGHTER_EXTRA_CA_CERTS"];

/// The TLS configuration, without ALPN.
pub(super) fn configuration(environment: &Environment) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(ring::default_provider());
    let mut extra = Vec::new();
    for variable in EXTRA {
        if let Some(file) = environment.get(variable).filter(|file| !file.is_empty()) {
            extra.extend(certificates(variable, Path::new(file))?);
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError {
            problem: format!("TLS cannot be set up: {error}"),
            hint: "this is a defect of Lamplighter: please report it".to_owned(),
        })?;
    Ok(match Verifier::new_with_extra_roots(extra, provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(),
        Err(error) => {
            // A machine without any root certificate can still serve workloads on loopback.
            tracing::warn!(%error, "no certificate authority is trusted: every https connection will fail");
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    })
}

/// The certificates of one PEM file, less those that cannot serve as a root.
fn certificates(variable: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let refused = |problem: String| SetupError {
        problem: format!("{variable} names {}: {problem}", file.display()),
        hint: format!("let {variable} name a PEM file with at least one CERTIFICATE block, or remove the variable"),
    };
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refused(error.to_string()))?;
    let usable: Vec<_> = found.into_iter().filter(|found| RootCertStore::empty().add(found.clone()).is_ok()).collect();
    if usable.is_empty() {
        return Err(refused("no usable certificate is in it".to_owned()));
    }
    Ok(usable)
}
