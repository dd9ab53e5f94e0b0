//! Garbage at every step on the way to a sign-in: from the look that `add` takes to the registration.

use serde_json::{Value, json};

use crate::foreign::{Foreign, METADATA, RESOURCE};
use crate::stage::Typed;
use crate::support::{Outcome, Stage};

const PAGE: &str = "<!doctype html><title>Welcome</title>";

/// A server with these answers replaced: what `lines` say then.
async fn told(replace: impl FnOnce(&Foreign), lines: &[&str]) -> Outcome<String> {
    let stage = Stage::set().await?;
    let foreign = Foreign::set().await?;
    replace(&foreign);
    let mut told = String::new();
    for line in lines {
        let line = line.replace("{origin}", &foreign.origin);
        told += &Typed::new(&line, &stage.profile(), &stage.clock).run().await?;
    }
    let engine = stage.engine_file()?["address"].as_str().unwrap_or_default().to_owned();
    Ok(told.replace(&foreign.origin, "SERVER").replace(&engine, "ENGINE"))
}

/// What `login` says where a server answers at `path` with each of these.
async fn login(path: &str, answers: &[(&str, u16, &str, String)]) -> Outcome<String> {
    let mut story = Vec::new();
    for (what, status, header, body) in answers {
        let replace = |foreign: &Foreign| {
            // Where the second form is looked for as well, it is the same.
            foreign.on(path, *status, header, body);
        };
        let told = told(replace, &["add linear {origin}/mcp", "login linear"]).await?;
        // What `add` says is another story.
        let login = told.split("$ lamplighter login linear\n").nth(1).unwrap_or(&told).to_owned();
        story.push(format!("{what}\n{login}\n"));
    }
    Ok(story.concat())
}

fn json(document: &Value) -> String {
    document.to_string()
}

#[tokio::test]
async fn addresses_that_are_none_of_an_mcp_server() -> Outcome {
    let mut story = Vec::new();
    for (what, status, header, body) in [
        ("a web page", 200, "content-type: text/html", PAGE),
        ("nothing is there", 404, "", ""),
        ("it is elsewhere", 302, "location: https://www.example.com/", ""),
        ("it fails", 500, "", ""),
        ("it answers without a sign-in", 405, "", ""),
        ("it asks for a password", 401, "www-authenticate: Basic realm=\"x\"", ""),
        ("it forbids", 403, "", ""),
    ] {
        let replace = |foreign: &Foreign| {
            foreign.on("/mcp", status, header, body);
            foreign.on(RESOURCE, 404, "", "");
            foreign.on(METADATA, 404, "", "");
            foreign.on("/register", 404, "", "");
        };
        story.push(format!("{what}\n{}\n", told(replace, &["add linear {origin}/mcp", "login linear"]).await?));
    }
    let lines = ["add linear http://127.0.0.1:1/mcp", "login linear"];
    story.push(format!("nobody listens\n{}\n", told(|_| (), &lines).await?));
    story.push(format!("it breaks off\n{}", told(|it| it.breaks_off("/mcp"), &["add linear {origin}/mcp"]).await?));
    insta::assert_snapshot!(story.concat());
    Ok(())
}

#[tokio::test]
async fn protected_resource_metadata() -> Outcome {
    let document = |changes: &Value| {
        let mut document = json!({"resource": "{origin}/mcp", "authorization_servers": ["{origin}"]});
        if let (Some(document), Some(changes)) = (document.as_object_mut(), changes.as_object()) {
            document.extend(changes.clone());
        }
        document.to_string()
    };
    let answers = [
        ("missing, although promised", 404, "", String::new()),
        ("a web page", 200, "", PAGE.to_owned()),
        ("a list", 200, "", "[]".to_owned()),
        ("cut off", 200, "", "{\"resource\": \"".to_owned()),
        ("longer than anybody reads", 200, "", format!("{{\"resource\": \"{}\"}}", "x".repeat(1_100_000))),
        ("elsewhere", 302, "location: https://elsewhere.example/", String::new()),
        ("in circles", 302, "location: {origin}/.well-known/oauth-protected-resource/mcp", String::new()),
        ("a server in trouble", 503, "", String::new()),
        ("no resource", 200, "", json(&json!({}))),
        ("another resource", 200, "", document(&json!({"resource": "https://mcp.example/other"}))),
        ("no address for a sign-in server", 200, "", document(&json!({"authorization_servers": ["auth.example"]}))),
        (
            "a sign-in server in the clear",
            200,
            "",
            document(&json!({"authorization_servers": ["http://auth.example"]})),
        ),
        ("a sign-in server with a lie", 200, "", document(&json!({"authorization_servers": ["x\u{1b}[31m\u{202e}y"]}))),
    ];
    insta::assert_snapshot!(login(RESOURCE, &answers).await?);
    Ok(())
}

#[tokio::test]
async fn authorization_server_metadata() -> Outcome {
    let metadata = |changes: Value| {
        let mut document = json!({
            "issuer": "{origin}", "authorization_endpoint": "{origin}/authorize", "token_endpoint": "{origin}/token",
            "registration_endpoint": "{origin}/register", "code_challenge_methods_supported": ["S256"],
        });
        if let (Some(document), Value::Object(changes)) = (document.as_object_mut(), changes) {
            document.extend(changes);
        }
        document.to_string()
    };
    let answers = [
        ("missing", 404, "", String::new()),
        ("a web page", 200, "", PAGE.to_owned()),
        ("cut off", 200, "", "{\"issuer\": ".to_owned()),
        ("a server in trouble", 500, "", String::new()),
        ("a server that is asked too often", 429, "retry-after: 60", String::new()),
        ("of another issuer", 200, "", metadata(json!({"issuer": "https://impostor.example"}))),
        ("without an issuer", 200, "", metadata(json!({"issuer": null}))),
        ("without PKCE", 200, "", metadata(json!({"code_challenge_methods_supported": null}))),
        ("with PKCE that protects nothing", 200, "", metadata(json!({"code_challenge_methods_supported": ["plain"]}))),
        ("without an authorization endpoint", 200, "", metadata(json!({"authorization_endpoint": null}))),
        ("without a token endpoint", 200, "", metadata(json!({"token_endpoint": null}))),
        ("with a token endpoint that is no address", 200, "", metadata(json!({"token_endpoint": "/token"}))),
        ("with a token endpoint in the clear", 200, "", metadata(json!({"token_endpoint": "http://as.example/token"}))),
        ("with a script to open", 200, "", metadata(json!({"authorization_endpoint": "javascript:alert(1)"}))),
    ];
    insta::assert_snapshot!(login(METADATA, &answers).await?);
    Ok(())
}

#[tokio::test]
async fn registration() -> Outcome {
    let refused = |word: &str, text: &str| json(&json!({"error": word, "error_description": text}));
    let answers = [
        ("a web page", 200, "", PAGE.to_owned()),
        ("a web page that forbids", 403, "", PAGE.to_owned()),
        ("missing", 404, "", String::new()),
        ("a server in trouble", 500, "", String::new()),
        ("refused", 400, "", refused("invalid_client_metadata", "no native clients here")),
        ("refused with tricks", 400, "", refused("no\n\u{1b}[31m", "\u{202e}yes\u{0}")),
        ("refused without a word", 401, "", String::new()),
        ("without a client_id", 201, "", json(&json!({"client_secret": "hush"}))),
        ("with an empty client_id", 201, "", json(&json!({"client_id": ""}))),
        (
            "for a method that we have not",
            201,
            "",
            json(&json!({"client_id": "it", "token_endpoint_auth_method": "tls_client_auth"})),
        ),
        ("elsewhere", 307, "location: https://elsewhere.example/", String::new()),
    ];
    let mut story = vec![login("/register", &answers).await?];
    let lines = ["add linear {origin}/mcp", "login linear"];
    let none =
        |foreign: &Foreign| foreign.on(METADATA, 200, "", &Foreign::metadata(&json!({"registration_endpoint": null})));
    story.push(format!("not offered\n{}", told(none, &lines).await?));
    let story = story.concat();
    assert!(!story.contains("hush"));
    insta::assert_snapshot!(story);
    Ok(())
}
