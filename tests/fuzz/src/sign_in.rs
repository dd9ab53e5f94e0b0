//! The way to a sign-in: a server on loopback that answers what stands in the input, one answer after the other.

mod server;

use lamplighter_engine::http::HttpClient;
use lamplighter_engine::oauth::{
    AuthMethod, Challenge, Client, Server, SignInError, authorize_device, discover, register,
};
use secrecy::ExposeSecret;
use url::Url;

use self::server::Play;
use crate::answer::answers;
use crate::words::{CANARY, SENT, assert_hidden, assert_readable, has_canary};

/// The challenge of the MCP server, then its metadata (RFC 9728) and that of the sign-in server (RFC 8414, OIDC), in
/// the order in which they are asked for.
pub(crate) fn discovery(input: &[u8]) {
    let mut play = Play::of(answers(input));
    // The first answer is the MCP server's own.
    let challenge = play.take().and_then(|answer| Challenge::read(&answer.headers));
    let (found, requests) = play.run(async |http: &HttpClient, origin: &Url| {
        discover(http, &origin.join("/mcp").unwrap(), challenge.as_ref(), None).await
    });
    assert!(requests <= 10, "{requests} requests for one discovery");
    match found {
        Ok(found) => {
            let server = found.server;
            let needed = [&server.authorization_endpoint, &server.token_endpoint];
            let offered = [
                &server.device_authorization_endpoint,
                &server.registration_endpoint,
                &server.revocation_endpoint,
                &server.userinfo_endpoint,
            ];
            needed.into_iter().chain(offered.into_iter().flatten()).for_each(assert_safe);
            let kept = serde_json::to_vec(&server).unwrap();
            assert_eq!(serde_json::from_slice::<Server>(&kept).unwrap(), server, "what is written is read again");
        }
        Err(error) => assert_told(&error),
    }
}

/// Answers of a registration endpoint (RFC 7591).
pub(crate) fn registration(input: &[u8]) {
    let play = Play::of(answers(input));
    let (registered, requests) = play.run(async |http: &HttpClient, origin: &Url| {
        let redirect_uri = "http://127.0.0.1:4114/callback".parse().unwrap();
        register(http, &offers(origin), &redirect_uri, &["read".to_owned()]).await
    });
    assert!(requests <= 6, "{requests} requests for one registration");
    match registered {
        Ok(client) => {
            assert!(!client.id.is_empty() && client.registered);
            assert_eq!(client.secret.is_some(), client.method != AuthMethod::None, "{client:?}");
            let host = client.redirect_uri.as_ref().and_then(Url::host_str);
            assert!(matches!(host, Some("127.0.0.1" | "localhost")));
            if has_canary(input) && client.secret.as_ref().is_some_and(|it| it.expose_secret().contains(CANARY)) {
                assert_hidden(CANARY, &format!("{client:?}"));
            }
        }
        Err(error) => assert_told(&error),
    }
}

/// The answer of a device authorization endpoint (RFC 8628).
pub(crate) fn device(input: &[u8]) {
    let play = Play::of(answers(input));
    let (authorized, requests) = play.run(async |http: &HttpClient, origin: &Url| {
        let server = offers(origin);
        let client = Client::preregistered("it".to_owned(), Some(SENT.into()), &server);
        authorize_device(http, &origin.join("/device").unwrap(), &client, &[], None).await
    });
    assert!(requests <= 1);
    match authorized {
        Ok(codes) => {
            assert_readable(&codes.user_code);
            assert!(!codes.device_code.expose_secret().is_empty());
            [Some(&codes.verification_uri), codes.verification_uri_complete.as_ref()]
                .into_iter()
                .flatten()
                .for_each(assert_safe);
            assert!(!codes.interval.is_zero() && !codes.expires_in.is_zero());
            if has_canary(input) && codes.device_code.expose_secret().contains(CANARY) {
                assert_hidden(CANARY, &format!("{codes:?}"));
            }
        }
        Err(error) => {
            assert_readable(&error.to_string());
            assert_hidden(SENT, &format!("{error:?}"));
        }
    }
}

/// A sign-in server that offers registration.
fn offers(origin: &Url) -> Server {
    let at = |path: &str| origin.join(path).unwrap();
    Server {
        issuer: origin.as_str().trim_end_matches('/').to_owned(),
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/token"),
        device_authorization_endpoint: Some(at("/device")),
        registration_endpoint: Some(at("/register")),
        revocation_endpoint: None,
        userinfo_endpoint: None,
        scopes_supported: Vec::new(),
        token_endpoint_auth_methods_supported: Vec::new(),
        authorization_response_iss_parameter_supported: false,
        client_id_metadata_document_supported: false,
    }
}

/// Nothing is sent in the clear, unless it stays on this machine.
fn assert_safe(url: &Url) {
    let local = matches!(url.host_str(), Some(host) if host.starts_with("127.") || host == "[::1]" || host.contains("localhost"));
    let mapped = url.host_str().is_some_and(|host| host.starts_with("[::ffff:7f"));
    assert!(url.scheme() == "https" || (url.scheme() == "http" && (local || mapped)), "{url} is not safe");
}

fn assert_told(error: &SignInError) {
    assert_readable(&error.problem);
    error.hint.as_deref().map(assert_readable);
}
