//! Dynamic registration: what is asked for, and what is made of the answer.

use lamplighter_engine::oauth::{AuthMethod, Client, Server, SignInError, register};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use crate::script::{Reply, Script, http, reply};

pub(crate) fn server(at: &Script) -> Server {
    Server {
        issuer: "https://as.example".to_owned(),
        authorization_endpoint: at.at("/auth?tenant=7"),
        token_endpoint: at.at("/token"),
        device_authorization_endpoint: None,
        registration_endpoint: Some(at.at("/register")),
        revocation_endpoint: None,
        userinfo_endpoint: None,
        scopes_supported: Vec::new(),
        token_endpoint_auth_methods_supported: Vec::new(),
        authorization_response_iss_parameter_supported: false,
        client_id_metadata_document_supported: false,
    }
}

fn callback() -> Url {
    Url::parse("http://127.0.0.1:4114/callback").unwrap()
}

async fn registered(status: u16, answer: Value, methods: &[&str]) -> (Result<Client, SignInError>, Value) {
    let at = Script::serve(move |_, _| reply(status, answer.to_string())).await;
    let server = Server {
        token_endpoint_auth_methods_supported: methods.iter().map(|&method| method.to_owned()).collect(),
        ..server(&at)
    };
    let client = register(&http(), &server, &callback(), &["a".to_owned(), "b".to_owned()]).await;
    let asked = at.asked();
    assert_eq!((asked.len(), asked[0].method.as_str(), asked[0].path.as_str()), (1, "POST", "/register"));
    (client, serde_json::from_str(&asked[0].body).unwrap())
}

#[tokio::test]
async fn a_public_native_client_is_asked_for() {
    let (client, asked) = registered(201, json!({"client_id": "c1", "client_secret_expires_at": 0}), &[]).await;
    let expected = json!({
        "client_name": "Lamplighter",
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": ["http://127.0.0.1:4114/callback"],
        "token_endpoint_auth_method": "none",
        "scope": "a b",
    });
    assert_eq!(asked, expected);
    let client = client.unwrap();
    assert_eq!((client.id.as_str(), client.method, client.registered), ("c1", AuthMethod::None, true));
    assert_eq!(client.redirect_uri, Some(callback()));
    assert!(client.secret.is_none() && client.secret_expires_at.is_none());
}

#[tokio::test]
async fn the_method_is_one_that_the_server_takes() {
    let table = [
        (vec!["client_secret_basic", "none"], "none"),
        (vec!["private_key_jwt", "client_secret_post", "client_secret_basic"], "client_secret_basic"),
        (vec!["client_secret_post"], "client_secret_post"),
        (vec!["private_key_jwt"], "none"),
    ];
    for (methods, expected) in table {
        let (_, asked) = registered(201, json!({"client_id": "c"}), &methods).await;
        assert_eq!(asked["token_endpoint_auth_method"], expected, "{methods:?}");
    }
}

#[tokio::test]
async fn the_answer_decides_who_we_are() {
    use AuthMethod::{ClientSecretBasic, ClientSecretPost};
    let expires = "2027-01-15T08:00:00Z".parse().unwrap();
    let table = [
        (json!({"client_id": "c", "client_secret": "s"}), ClientSecretBasic, None),
        (json!({"client_id": "c", "client_secret": "s", "client_secret_expires_at": 0}), ClientSecretBasic, None),
        (
            json!({"client_id": "c", "client_secret": "s", "client_secret_expires_at": 1_800_000_000,
                "token_endpoint_auth_method": "client_secret_post"}),
            ClientSecretPost,
            Some(expires),
        ),
    ];
    for (answer, method, expires) in table {
        let client = registered(200, answer.clone(), &[]).await.0.unwrap();
        assert_eq!((client.method, client.secret_expires_at), (method, expires), "{answer}");
        assert_eq!(client.secret.unwrap().expose_secret(), "s");
    }
    let public = json!({"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "none"});
    let client = registered(201, public, &[]).await.0.unwrap();
    assert!(client.secret.is_none() && client.method == AuthMethod::None);
}

#[tokio::test]
async fn what_cannot_be_used_is_said() {
    let table = [
        (201, json!({"client_id": ""}), "cannot be used"),
        (201, json!({}), "cannot be used"),
        (201, json!({"client_id": "c", "token_endpoint_auth_method": "private_key_jwt"}), "cannot be used"),
        (403, json!("<html>"), "answered the registration with 403"),
        (400, json!({"error": "invalid_redirect_uri"}), "refused to register Lamplighter: invalid_redirect_uri"),
        (
            400,
            json!({"error": "access_denied", "error_description": "ask\n the\u{202e} admin"}),
            "refused to register Lamplighter: ask the admin (access_denied)",
        ),
    ];
    for (status, answer, expected) in table {
        let at = Script::serve(move |_, _| reply(status, answer.to_string())).await;
        let error = register(&http(), &server(&at), &callback(), &[]).await.unwrap_err();
        assert!(error.problem.contains(expected), "{} / {expected}", error.problem);
        assert!(error.hint.is_some());
    }
    let at = Script::serve(|_, _| reply(404, "")).await;
    let closed = Server { registration_endpoint: None, ..server(&at) };
    let error = register(&http(), &closed, &callback(), &[]).await.unwrap_err();
    assert!(error.problem.contains("does not let clients register"), "{}", error.problem);
    assert!(at.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_takes_no_address_gets_the_name() {
    let at = Script::serve(|_, asked| {
        if asked.body.contains("http://localhost:4114/callback") {
            reply(201, json!({"client_id": "c"}).to_string())
        } else {
            reply(400, json!({"error": "invalid_redirect_uri"}).to_string())
        }
    })
    .await;
    let client = register(&http(), &server(&at), &callback(), &[]).await.unwrap();
    assert_eq!(client.redirect_uri.unwrap().as_str(), "http://localhost:4114/callback");
    assert_eq!(at.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_registers_no_such_scope_gets_none() {
    let at = Script::serve(|_, asked| {
        if asked.body.contains("scope") {
            reply(400, json!({"error": "invalid_client_metadata"}).to_string())
        } else {
            reply(201, json!({"client_id": "c"}).to_string())
        }
    })
    .await;
    assert!(register(&http(), &server(&at), &callback(), &["a".to_owned()]).await.is_ok());
    assert_eq!(at.asked().len(), 2);
}

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A registration at a server that offers to sign in on another device, with the grants asked for each time.
async fn for_devices(answer: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> (Client, Vec<usize>) {
    let at = Script::serve(move |_, asked| answer(&serde_json::from_str(&asked.body).unwrap())).await;
    let server = Server { device_authorization_endpoint: Some(at.at("/device")), ..server(&at) };
    let client = register(&http(), &server, &callback(), &["a".to_owned()]).await.unwrap();
    let asked = at.asked().into_iter().map(|asked| serde_json::from_str::<Value>(&asked.body).unwrap());
    (client, asked.map(|asked| asked["grant_types"].as_array().unwrap().len()).collect())
}

#[tokio::test]
async fn the_device_grant_is_asked_for_where_it_is_offered() {
    let (client, asked) = for_devices(|_| reply(201, json!({"client_id": "c"}).to_string())).await;
    assert_eq!(
        (client.grant_types, asked),
        (["authorization_code", "refresh_token", DEVICE_CODE].map(str::to_owned).to_vec(), vec![3])
    );
    let less = json!({"client_id": "c", "grant_types": ["authorization_code"]});
    let (client, _) = for_devices(move |_| reply(201, less.to_string())).await;
    assert_eq!(client.grant_types, ["authorization_code"], "the server has the last word");
}

#[tokio::test]
async fn a_server_that_keeps_the_device_grant_for_others_is_done_without_it() {
    let (client, asked) = for_devices(|asked| {
        if asked["grant_types"].to_string().contains(DEVICE_CODE) {
            reply(400, json!({"error": "invalid_client_metadata"}).to_string())
        } else {
            assert_eq!(asked["scope"], "a", "nothing else is given up");
            reply(201, json!({"client_id": "c"}).to_string())
        }
    })
    .await;
    assert_eq!((client.grant_types.len(), asked), (2, vec![3, 3, 2]));
}
