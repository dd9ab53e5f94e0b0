//! The device authorization endpoint: what is sent, and what is made of its answers; and what answers to polls mean.

use std::time::Duration;

use lamplighter_core::condition::Transport;
use lamplighter_core::verdict::{Answer, Content};
use lamplighter_engine::oauth::{
    AuthMethod, Client, DeviceAuthorization, DeviceError, Polled, TokenFailure, TokenRequest, authorize_device,
    request_tokens,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::script::{Asked, Script, http, reply};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn client(method: AuthMethod) -> Client {
    Client {
        id: "app:1".to_owned(),
        secret: (method != AuthMethod::None).then(|| SecretString::from("s&1")),
        method,
        registered: false,
        grant_types: Vec::new(),
        redirect_uri: None,
        secret_expires_at: None,
    }
}

async fn answered(status: u16, body: &str) -> Result<DeviceAuthorization, DeviceError> {
    let answer = reply(status, body);
    let server = Script::serve(move |_, _| answer.clone()).await;
    authorize_device(&http(), &server.at("/device"), &client(AuthMethod::None), &[], None).await
}

fn codes(changes: &Value) -> String {
    let mut codes = json!({
        "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example/device",
        "verification_uri_complete": "https://as.example/device?user_code=WDJB-MJHT", "expires_in": 1800, "interval": 7,
    });
    codes.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    codes.to_string()
}

fn form(asked: &Asked) -> Vec<(String, String)> {
    let mut form = asked.form();
    form.sort();
    form
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_code_is_asked_for_with_scopes_and_resource() {
    let server = Script::serve(|_, _| reply(200, codes(&json!({})))).await;
    let scopes = ["a".to_owned(), "offline_access".to_owned()];
    let endpoint = server.at("/device?tenant=7");
    let resource = Some("https://mcp.example");
    let codes = authorize_device(&http(), &endpoint, &client(AuthMethod::None), &scopes, resource).await.unwrap();
    assert_eq!((codes.device_code.expose_secret(), codes.user_code.as_str()), ("d", "WDJB-MJHT"));
    assert_eq!(codes.verification_uri.as_str(), "https://as.example/device");
    assert_eq!(codes.verification_uri_complete.unwrap().query(), Some("user_code=WDJB-MJHT"));
    assert_eq!((codes.expires_in, codes.interval), (Duration::from_mins(30), Duration::from_secs(7)));
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].method.as_str(), asked[0].path.as_str()), (1, "POST", "/device?tenant=7"));
    let expected = [
        ("client_id", "app:1"),
        ("prompt", "consent"),
        ("resource", "https://mcp.example"),
        ("scope", "a offline_access"),
    ];
    assert_eq!(form(&asked[0]), pairs(&expected));
    assert!(asked[0].headers["user-agent"].to_str().unwrap().starts_with("Lamplighter/"));
}

#[tokio::test]
async fn a_poll_names_the_code_and_authenticates() {
    let device_code = SecretString::from("d/1");
    let fields = [("device_code", "d/1"), ("grant_type", DEVICE_CODE)];
    for (method, more) in [
        (AuthMethod::None, vec![("client_id", "app:1")]),
        (AuthMethod::ClientSecretPost, vec![("client_id", "app:1"), ("client_secret", "s&1")]),
        (AuthMethod::ClientSecretBasic, vec![("resource", "https://mcp.example")]),
    ] {
        let server = Script::serve(|_, _| reply(200, "{\"access_token\":\"a\"}")).await;
        let request = TokenRequest::DeviceCode { device_code: &device_code };
        let resource = more.first().filter(|(name, _)| *name == "resource").map(|(_, resource)| *resource);
        let now = jiff::Timestamp::UNIX_EPOCH;
        request_tokens(&http(), &server.at("/token"), &client(method), resource, request, now).await.unwrap();
        let asked = server.asked().remove(0);
        let mut expected = pairs(&[more, fields.to_vec()].concat());
        expected.sort();
        assert_eq!(form(&asked), expected);
        let basic = asked.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(basic.is_some(), method == AuthMethod::ClientSecretBasic, "{basic:?}");
    }
}

#[tokio::test]
async fn what_servers_leave_out_or_misname_is_made_up_for() {
    let seconds = Duration::from_secs;
    let table = [
        (json!({"interval": null}), seconds(1800), seconds(5)),
        (json!({"interval": 0}), seconds(1800), seconds(5)),
        (json!({"interval": "10", "expires_in": "60"}), seconds(60), seconds(10)),
        (json!({"expires_in": null}), seconds(900), seconds(7)),
        (json!({"expires_in": -1}), seconds(900), seconds(7)),
        (json!({"verification_uri": null, "verification_url": "https://as.example/device"}), seconds(1800), seconds(7)),
        (json!({"verification_url": "https://as.example/old"}), seconds(1800), seconds(7)),
    ];
    for (changes, expires_in, interval) in table {
        let codes = answered(200, &codes(&changes)).await.unwrap();
        assert_eq!((codes.expires_in, codes.interval), (expires_in, interval), "{changes}");
        assert_eq!(codes.verification_uri.as_str(), "https://as.example/device");
    }
    let lying = answered(200, &codes(&json!({"user_code": "AB\n\u{202e}CD"}))).await.unwrap();
    assert_eq!(lying.user_code, "AB CD");
}

#[tokio::test]
async fn what_cannot_be_used_is_said() {
    let table = [
        (200, codes(&json!({"device_code": ""})), "gave no code"),
        (200, codes(&json!({"user_code": 7})), "gave no code"),
        (200, codes(&json!({"verification_uri": "http://as.example/device"})), "gave no code"),
        (200, codes(&json!({"verification_uri": "javascript:alert(1)"})), "gave no code"),
        (200, "<html>".to_owned(), "gave no code"),
        (503, "busy".to_owned(), "answered 503"),
        (400, json!({"error": "invalid_scope"}).to_string(), "refused: invalid_scope"),
        (400, json!({"error": "e", "error_description": "not\n you"}).to_string(), "refused: not you (e)"),
    ];
    for (status, body, expected) in table {
        let error = answered(status, &body).await.unwrap_err();
        assert!(matches!(error, DeviceError::Failed(_)), "{body}");
        assert!(error.to_string().contains(expected), "{error} / {expected}");
    }
    let complete = codes(&json!({"verification_uri_complete": "file:///etc/passwd"}));
    assert_eq!(answered(200, &complete).await.unwrap().verification_uri_complete, None);
}

#[tokio::test]
async fn a_client_that_the_server_does_not_accept_is_told_apart() {
    for (status, word) in [(401, "invalid_client"), (400, "unauthorized_client")] {
        let error = answered(status, &json!({ "error": word }).to_string()).await.unwrap_err();
        assert!(matches!(error, DeviceError::ClientRefused(_)) && error.to_string().contains(word), "{error}");
    }
}

#[test]
fn every_answer_to_a_poll_means_something() {
    let said = |status, word: &str| Answer::Http {
        status,
        content: Content::OAuthError(word.to_owned()),
        retry_after: Some(Duration::from_secs(40)),
    };
    let of = |answer| Polled::of(&TokenFailure { answer, skew: None, excerpt: None });
    let unanswered = |seconds: Option<u64>| Polled::Unanswered { floor: seconds.map(Duration::from_secs) };
    let table = [
        (said(400, "authorization_pending"), Polled::Pending),
        (said(428, "authorization_pending"), Polled::Pending),
        (said(400, "slow_down"), Polled::SlowDown),
        (said(429, "slow_down"), Polled::SlowDown),
        (said(503, "server_error"), unanswered(Some(40))),
        (said(400, "temporarily_unavailable"), unanswered(Some(40))),
        (Answer::Transport(Transport::Timeout), unanswered(None)),
        (Answer::Tls, unanswered(None)),
        (Answer::Http { status: 403, content: Content::Page, retry_after: None }, unanswered(None)),
    ];
    for (answer, expected) in table {
        assert_eq!(of(answer.clone()), expected, "{answer:?}");
    }
    for word in ["expired_token", "access_denied", "invalid_grant", "invalid_client", "invalid_request", "odd"] {
        assert!(matches!(of(said(400, word)), Polled::Over(_)), "{word}");
    }
}
