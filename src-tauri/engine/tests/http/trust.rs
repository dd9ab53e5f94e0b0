//! Certificates that the environment adds, and what is wrong with it.

use http::{Request, Version};
use lamplighter_core::config::Environment;
use lamplighter_engine::http::{Fault, HttpClient};

use crate::tls::Authority;
use crate::{empty, get, text};

#[tokio::test]
async fn an_authority_of_the_environment_is_trusted() {
    let authority = Authority::new();
    let address = authority.serve(&["127.0.0.1"], &[], |path| (200, path.to_owned())).await;
    let own = authority.trusted();
    let usual: Environment = [("SSL_CERT_FILE".to_owned(), own["LAMPLIGHTER_EXTRA_CA_CERTS"].clone())].into();
    for environment in [own, usual] {
        let http = HttpClient::new(&environment).unwrap();
        let answer = get(&http, &format!("https://{address}/a")).await.unwrap();
        assert_eq!(text(&answer), "/a");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let authority = Authority::new();
    let address = authority.serve(&["else.example"], &[], |_| (200, String::new())).await;
    let http = HttpClient::new(&authority.trusted()).unwrap();
    assert_eq!(get(&http, &format!("https://{address}/")).await.unwrap_err().fault, Fault::Tls);
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    let authority = Authority::new();
    for (alpn, version) in [(&["h2", "http/1.1"][..], Version::HTTP_2), (&["http/1.1"], Version::HTTP_11)] {
        let address = authority.serve(&["127.0.0.1"], alpn, |_| (200, String::new())).await;
        let http = HttpClient::new(&authority.trusted()).unwrap();
        let request = Request::get(format!("https://{address}/")).header("host", "else.example").body(empty()).unwrap();
        assert_eq!(http.send(request).await.unwrap().version(), version);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    let environment: Environment =
        [("LAMPLIGHTER_EXTRA_CA_CERTS".to_owned(), file.to_str().unwrap().to_owned())].into();
    let complaint = || {
        let error = HttpClient::new(&environment).unwrap_err();
        assert!(error.hint.contains("LAMPLIGHTER_EXTRA_CA_CERTS"), "{}", error.hint);
        error.problem
    };
    assert!(complaint().contains("roots.pem"));
    std::fs::write(&file, "no certificate").unwrap();
    assert!(complaint().contains("no usable certificate"));
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(complaint().contains("no usable certificate"));
}
