//! The authorization request, and what may be believed of its answer.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplighter_engine::oauth::{
    AuthMethod, Authorization, Client, Server, accept_callback, authorize, callback_state,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use url::Url;

fn server() -> Server {
    Server {
        issuer: "https://as.example/t".to_owned(),
        authorization_endpoint: Url::parse("https://as.example/auth?tenant=7").unwrap(),
        token_endpoint: Url::parse("https://as.example/token").unwrap(),
        device_authorization_endpoint: None,
        registration_endpoint: None,
        revocation_endpoint: None,
        userinfo_endpoint: None,
        scopes_supported: Vec::new(),
        token_endpoint_auth_methods_supported: Vec::new(),
        authorization_response_iss_parameter_supported: false,
        client_id_metadata_document_supported: false,
    }
}

fn flow(server: &Server, scopes: &[&str], resource: Option<&str>) -> Authorization {
    let client = Client {
        id: "app 1".to_owned(),
        secret: None,
        method: AuthMethod::None,
        registered: false,
        grant_types: Vec::new(),
        redirect_uri: None,
        secret_expires_at: None,
    };
    let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
    authorize(server, &client, &Url::parse("http://127.0.0.1:4114/callback").unwrap(), &scopes, resource)
}

fn query(flow: &Authorization) -> BTreeMap<String, String> {
    flow.url.query_pairs().into_owned().collect()
}

#[test]
fn the_request_says_all_that_it_must() {
    let flow = flow(&server(), &["files:read", "b"], Some("https://mcp.example/mcp"));
    let query = query(&flow);
    assert_eq!(flow.url.query_pairs().count(), query.len(), "nothing twice");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(flow.verifier.expose_secret()));
    let expected = [
        ("client_id", "app 1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "http://127.0.0.1:4114/callback"),
        ("resource", "https://mcp.example/mcp"),
        ("response_type", "code"),
        ("scope", "files:read b"),
        ("state", flow.state.expose_secret()),
        ("tenant", "7"),
    ];
    let expected: BTreeMap<String, String> = expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    assert_eq!(query, expected);
    assert!(flow.verifier.expose_secret().len() >= 43 && flow.state.expose_secret().len() >= 22);
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let query = query(&flow(&server(), &[], None));
    assert!(!query.contains_key("scope") && !query.contains_key("resource") && !query.contains_key("prompt"));
}

#[test]
fn offline_access_needs_consent() {
    assert_eq!(query(&flow(&server(), &["a", "offline_access"], None))["prompt"], "consent");
}

#[test]
fn no_two_flows_are_alike() {
    let (one, other) = (flow(&server(), &[], None), flow(&server(), &[], None));
    assert_ne!(one.state.expose_secret(), other.state.expose_secret());
    assert_ne!(one.verifier.expose_secret(), other.verifier.expose_secret());
}

#[test]
fn a_callback_is_believed_when_its_issuer_is_right() {
    let promised = Server { authorization_response_iss_parameter_supported: true, ..server() };
    let iss = "iss=https%3A%2F%2Fas.example%2Ft";
    let table: [(&Server, String, Result<&str, &str>); 14] = [
        (&server(), "code=c%2F1&state=s".into(), Ok("c/1")),
        (&server(), format!("code=c&{iss}"), Ok("c")),
        (&promised, format!("code=c&{iss}"), Ok("c")),
        (&promised, "code=c".into(), Err("does not say that it came from https://as.example/t")),
        (&server(), "code=c&iss=https%3A%2F%2Fas.example%2Ft%2F".into(), Err("did not come from https://as.example/t")),
        (&server(), format!("code=c&{iss}&iss=https%3A%2F%2Fevil.example"), Err("did not come from")),
        (&server(), "code=c&iss=".into(), Err("did not come from")),
        (&promised, "error=access_denied&iss=https%3A%2F%2Fevil.example".into(), Err("did not come from")),
        (&promised, "error=access_denied".into(), Err("does not say")),
        (&server(), "error=access_denied&code=c".into(), Err("the server refused the sign-in: access_denied")),
        (&server(), "error=x&error_description=not%0Ayou".into(), Err("the server refused the sign-in: not you (x)")),
        (&server(), "error=x&error_description=".into(), Err("the server refused the sign-in: x")),
        (&server(), "state=s".into(), Err("neither a code nor an error")),
        (&server(), "code=".into(), Err("neither a code nor an error")),
    ];
    for (server, query, expected) in table {
        match (accept_callback(&flow(server, &[], None), &query), expected) {
            (Ok(code), Ok(expected)) => assert_eq!(code.expose_secret(), expected),
            (Err(error), Err(expected)) => {
                assert!(error.problem.contains(expected), "{query}: {}", error.problem);
                assert!(!error.problem.contains("evil"), "{query}: {}", error.problem);
            }
            (found, _) => panic!("{query}: {found:?}"),
        }
    }
}

#[test]
fn a_long_description_is_cut() {
    let query = format!("error={}&error_description={}", "e".repeat(5000), "d".repeat(5000));
    let error = accept_callback(&flow(&server(), &[], None), &query).unwrap_err();
    assert!(error.problem.len() < 400, "{}", error.problem.len());
}

#[test]
fn the_state_is_read_from_a_callback() {
    assert_eq!(callback_state("code=c&state=a%20b").as_deref(), Some("a b"));
    assert_eq!(callback_state("code=c&state="), None);
    assert_eq!(callback_state(""), None);
}
