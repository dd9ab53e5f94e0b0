//! The token endpoint: what is sent, and what every shape of answer becomes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use lamplighter_core::condition::Transport;
use lamplighter_core::verdict::{Answer, Content};
use lamplighter_engine::oauth::{AuthMethod, Client, TokenFailure, TokenRequest, Tokens, request_tokens};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::script::{Asked, Reply, Script, http, reply};

const WALL: &str = "2026-11-21T08:00:00Z";

fn client(method: AuthMethod, secret: Option<&str>) -> Client {
    Client {
        id: "app:1".to_owned(),
        secret: secret.map(SecretString::from),
        method,
        registered: false,
        grant_types: Vec::new(),
        redirect_uri: None,
        secret_expires_at: None,
    }
}

async fn refresh(endpoint: &Url, client: &Client, resource: Option<&str>) -> Result<Tokens, Box<TokenFailure>> {
    let refresh_token = SecretString::from("refresh-1");
    let request = TokenRequest::Refresh { refresh_token: &refresh_token };
    request_tokens(&http(), endpoint, client, resource, request, WALL.parse().unwrap()).await
}

/// A refresh that is answered with `answer`.
async fn answered(answer: Reply) -> Result<Tokens, Box<TokenFailure>> {
    let server = Script::serve(move |_, _| answer.clone()).await;
    refresh(&server.at("/token"), &client(AuthMethod::None, None), None).await
}

async fn asked(client: &Client, resource: Option<&str>, request: TokenRequest<'_>) -> Asked {
    let server = Script::serve(|_, _| reply(200, "{\"access_token\":\"a\"}")).await;
    let endpoint = server.at("/token?tenant=7");
    request_tokens(&http(), &endpoint, client, resource, request, WALL.parse().unwrap()).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    asked[0].clone()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_code_is_exchanged_by_a_public_client() {
    let (code, verifier) = (SecretString::from("c/1"), SecretString::from("verifier"));
    let redirect_uri = Url::parse("http://127.0.0.1:4114/callback").unwrap();
    let request = TokenRequest::Code { code: &code, verifier: &verifier, redirect_uri: &redirect_uri };
    let asked = asked(&client(AuthMethod::None, Some("unused")), Some("https://mcp.example"), request).await;
    assert_eq!(asked.path, "/token?tenant=7");
    let mut form = asked.form();
    form.sort();
    let expected = [
        ("client_id", "app:1"),
        ("code", "c/1"),
        ("code_verifier", "verifier"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", "http://127.0.0.1:4114/callback"),
        ("resource", "https://mcp.example"),
    ];
    assert_eq!(form, pairs(&expected));
    assert!(!asked.headers.contains_key("authorization"));
    assert_eq!(asked.headers["accept"], "application/json");
    assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("Lamplighter/"));
}

#[tokio::test]
async fn a_refresh_names_the_resource_and_no_scope() {
    let refresh_token = SecretString::from("refresh-1");
    let request = TokenRequest::Refresh { refresh_token: &refresh_token };
    let asked = asked(&client(AuthMethod::ClientSecretPost, Some("s&1")), Some("https://mcp.example/a"), request).await;
    let mut form = asked.form();
    form.sort();
    let expected = [
        ("client_id", "app:1"),
        ("client_secret", "s&1"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "refresh-1"),
        ("resource", "https://mcp.example/a"),
    ];
    assert_eq!(form, pairs(&expected));
}

#[tokio::test]
async fn basic_authentication_encodes_both_halves() {
    let scopes = ["a".to_owned(), "b".to_owned()];
    let request = TokenRequest::ClientCredentials { scopes: &scopes };
    let asked = asked(&client(AuthMethod::ClientSecretBasic, Some("s:&é")), None, request).await;
    let mut form = asked.form();
    form.sort();
    assert_eq!(form, pairs(&[("grant_type", "client_credentials"), ("scope", "a b")]));
    let expected = base64::engine::general_purpose::STANDARD.encode("app%3A1:s%3A%26%C3%A9");
    assert_eq!(asked.headers["authorization"], format!("Basic {expected}"));
}

#[tokio::test]
async fn an_exchange_can_run_on_any_thread() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let endpoint = Url::parse("http://127.0.0.1:1/token").unwrap();
    let failure = sendable(refresh(&endpoint, &client(AuthMethod::None, None), None)).await.unwrap_err();
    assert_eq!(*failure, TokenFailure { answer: Answer::Transport(Transport::Refused), skew: None, excerpt: None });
}

#[tokio::test]
async fn every_shape_of_lifetime() {
    let table: [(&str, Option<u64>); 12] = [
        ("3600", Some(3600)),
        ("3599.9", Some(3599)),
        ("\"3600\"", Some(3600)),
        ("315360000", Some(315_360_000)),
        ("315360001", None),
        ("0", None),
        ("-1", None),
        ("1e300", None),
        ("\"soon\"", None),
        ("null", None),
        ("true", None),
        ("{}", None),
    ];
    for (value, seconds) in table {
        let body = format!("{{\"access_token\":\"a\",\"expires_in\":{value}}}");
        let tokens = answered(reply(200, body)).await.unwrap();
        assert_eq!(tokens.lifetime, seconds.map(Duration::from_secs), "{value}");
    }
}

fn jwt(claims: &str) -> String {
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
async fn the_exp_of_a_jwt_is_a_hint_on_the_servers_clock() {
    let wall: Timestamp = WALL.parse().unwrap();
    let token = jwt(&format!("{{\"exp\":{}}}", wall.as_second() + 7200));
    let body = format!("{{\"access_token\":\"{token}\"}}");
    let tokens = answered(reply(200, body.clone())).await.unwrap();
    assert_eq!((tokens.lifetime, tokens.skew), (Some(Duration::from_hours(2)), None));

    let ahead = reply(200, body.clone()).with("date", "Sat, 21 Nov 2026 09:00:00 GMT");
    let tokens = answered(ahead).await.unwrap();
    assert_eq!(tokens.lifetime, Some(Duration::from_hours(1)));
    assert_eq!(tokens.skew, Some(SignedDuration::from_hours(1)));

    let senseless = format!("{{\"access_token\":\"{token}\",\"expires_in\":-1}}");
    assert_eq!(answered(reply(200, senseless)).await.unwrap().lifetime, Some(Duration::from_hours(2)));
    let told = format!("{{\"access_token\":\"{token}\",\"expires_in\":60}}");
    assert_eq!(answered(reply(200, told)).await.unwrap().lifetime, Some(Duration::from_mins(1)));
    for claims in ["{\"exp\":1}", "{\"exp\":\"x\"}", "{}", "[]"] {
        let body = format!("{{\"access_token\":\"{}\"}}", jwt(claims));
        assert_eq!(answered(reply(200, body)).await.unwrap().lifetime, None, "{claims}");
    }
}

#[tokio::test]
async fn tokens_are_taken_whatever_the_content_type() {
    let id_token = jwt("{\"sub\":\"7\",\"preferred_username\":\"me\",\"email\":\"me@example.com\"}");
    let body = format!(
        "\u{feff} {{\"access_token\":\"at\",\"refresh_token\":\"rt\",\"scope\":\"a b\",\"id_token\":\"{id_token}\",\"extra\":{{}}}}"
    );
    let tokens = answered(reply(201, body).with("content-type", "text/html")).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "at");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "rt");
    assert_eq!(tokens.scope.as_deref(), Some("a b"));
    assert_eq!(tokens.account.as_deref(), Some("me@example.com"));
}

#[tokio::test]
async fn a_success_with_a_token_is_one_whatever_else_it_says() {
    let body = "{\"error\":\"none\",\"access_token\":\"at\",\"refresh_token\":7,\"scope\":[],\"id_token\":\"x\"}";
    let tokens = answered(reply(200, body)).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "at");
    assert!(tokens.refresh_token.is_none() && tokens.scope.is_none() && tokens.account.is_none());
}

#[tokio::test]
async fn a_refresh_token_need_not_fit_a_header() {
    for (refresh_token, expected) in [("a b", Some("a b")), ("", None)] {
        let body = format!("{{\"access_token\":\"at\",\"refresh_token\":\"{refresh_token}\"}}");
        let found = answered(reply(200, body)).await.unwrap().refresh_token;
        assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), expected);
    }
}

#[tokio::test]
async fn every_shape_of_failure() {
    let word = |word: &str| Content::OAuthError(word.to_owned());
    let long = format!("{{\"access_token\":\"{}\"}}", "a".repeat(1024 * 1024));
    let table: Vec<(u16, &str, Content)> = vec![
        (302, "", Content::Unreadable),
        (307, "{\"access_token\":\"a\"}", Content::Token),
        (200, "<html>Welcome to the airport</html>", Content::Page),
        (403, "\n <!DOCTYPE html><p>Blocked", Content::Page),
        (403, "blocked", Content::Unreadable),
        (403, "{\"message\":\"blocked\"}", Content::OtherJson),
        (403, "[]", Content::OtherJson),
        (403, "\"no\"", Content::OtherJson),
        (503, "{\"error\":\"invalid_grant\"}", word("invalid_grant")),
        (200, "", Content::Unreadable),
        (200, "{\"access_token\":\"a\"", Content::Unreadable),
        (200, "{\"access_token\":1}", Content::Unreadable),
        (400, "{\"access_token\":[],\"error\":\"invalid_grant\"}", Content::Unreadable),
        (200, "{\"access_token\":null}", Content::OtherJson),
        (200, "{\"access_token\":\"\"}", Content::OtherJson),
        (200, "{\"access_token\":\"a\\nb\"}", Content::OtherJson),
        (200, "{}", Content::OtherJson),
        (200, long.as_str(), Content::Unreadable),
        (200, "{\"error\":\"invalid_grant\"}", word("invalid_grant")),
        (400, "{\"error\":\"invalid_grant\",\"access_token\":null}", word("invalid_grant")),
        (400, "{\"error\":\"invalid_grant\",\"access_token\":\"a\"}", word("invalid_grant")),
        (400, "{\"error\":\"\"}", Content::OtherJson),
        (400, "{\"error\":{\"code\":7}}", Content::OtherJson),
        (500, "{\"access_token\":\"a\"}", Content::Token),
    ];
    for (status, body, content) in table {
        let failure = answered(reply(status, body).with("location", "/elsewhere")).await.unwrap_err();
        assert_eq!(failure.answer, Answer::Http { status, content, retry_after: None }, "{status} {body:.60}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Script::serve(|_, _| reply(307, "").with("location", "/elsewhere")).await;
    refresh(&server.at("/token"), &client(AuthMethod::None, None), None).await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn patience_is_told_in_seconds_or_as_a_date() {
    let date = "Sat, 21 Nov 2026 09:00:00 GMT";
    let table: [(&str, Option<&str>, Option<u64>); 7] = [
        ("120", None, Some(120)),
        ("99999999999999999999", None, Some(u64::from(u32::MAX))),
        ("Sat, 21 Nov 2026 08:02:00 GMT", None, Some(120)),
        ("Sat, 21 Nov 2026 09:02:00 GMT", Some(date), Some(120)),
        ("Sat, 21 Nov 2026 07:00:00 GMT", None, None),
        ("-5", None, None),
        ("soon", None, None),
    ];
    for (value, date, seconds) in table {
        let mut answer = reply(429, "").with("retry-after", value);
        if let Some(date) = date {
            answer = answer.with("date", date);
        }
        let failure = answered(answer).await.unwrap_err();
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(failure.answer, Answer::Http { status: 429, content: Content::Unreadable, retry_after }, "{value}");
    }
}

#[tokio::test]
async fn an_excerpt_holds_no_secret_and_is_short() {
    let hidden = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA";
    let body = format!(
        "{{\"error\":\"invalid_grant\",\"error_description\":\"token refresh-1 is over, {hidden} too\",\"access_token\":\"short\"}}"
    );
    let excerpt = answered(reply(500, body)).await.unwrap_err().excerpt.unwrap();
    assert!(excerpt.contains("invalid_grant") && excerpt.contains("is over"), "{excerpt}");
    for secret in ["refresh-1", hidden, "short"] {
        assert!(!excerpt.contains(secret), "{excerpt}");
    }
    let excerpt = answered(reply(403, "é blocked ".repeat(200))).await.unwrap_err().excerpt.unwrap();
    assert!(excerpt.len() <= 512 && excerpt.starts_with("é blocked"), "{excerpt}");
}
