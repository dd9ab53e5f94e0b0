//! Taking a token back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lamplighter_engine::oauth::{AuthMethod, Client, SignInError, revoke};
use secrecy::SecretString;

use crate::script::{Asked, Script, http, reply};

async fn revoked(method: AuthMethod, secret: Option<&str>, status: u16) -> (Result<(), SignInError>, Asked) {
    let server = Script::serve(move |_, _| reply(status, "secret words")).await;
    let client = Client {
        id: "c:1".to_owned(),
        secret: secret.map(SecretString::from),
        method,
        registered: true,
        grant_types: Vec::new(),
        redirect_uri: None,
        secret_expires_at: None,
    };
    let token = SecretString::from("t/1");
    let done = revoke(&http(), &server.at("/revoke"), &client, &token, "refresh_token").await;
    (done, server.asked()[0].clone())
}

#[tokio::test]
async fn a_token_is_revoked_by_whoever_we_are() {
    let (token, hint) = (("token", "t/1"), ("token_type_hint", "refresh_token"));
    let (id, secret) = (("client_id", "c:1"), ("client_secret", "s&"));
    let basic = format!("Basic {}", STANDARD.encode("c%3A1:s%26"));
    let table = [
        (AuthMethod::None, None, vec![token, hint, id], None),
        (AuthMethod::ClientSecretPost, Some("s&"), vec![token, hint, id, secret], None),
        (AuthMethod::ClientSecretBasic, Some("s&"), vec![token, hint], Some(basic)),
        (AuthMethod::ClientSecretBasic, None, vec![token, hint, id], None),
    ];
    for (method, secret, form, authorization) in table {
        let (done, asked) = revoked(method, secret, 200).await;
        assert!(done.is_ok());
        let form: Vec<_> = form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(asked.form(), form, "{method:?}");
        let sent = asked.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(sent, authorization);
        assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    }
}

#[tokio::test]
async fn a_failure_is_said_without_the_servers_words() {
    let error = revoked(AuthMethod::None, None, 503).await.0.unwrap_err();
    assert!(error.problem.ends_with("/revoke answered the revocation with 503 Service Unavailable"));
}
