//! Host, Origin and key come before anything else.

use axum::body::Body;
use http::{Request, Response, StatusCode};
use tokio::sync::mpsc;

use crate::server::stage::{Stage, json, upstream};

/// Every kind of path.
const PATHS: [&str; 8] = [
    "/healthz",
    "/metrics",
    "/callback?code=c&state=s",
    "/.well-known/oauth-protected-resource",
    "/api/v1/workloads",
    "/linear/mcp",
    "/nobody/mcp",
    "/nowhere",
];

/// A stage whose upstream tells of every request.
async fn watched() -> (Stage, mpsc::UnboundedReceiver<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let url = upstream(move |_| {
        tell.send(()).unwrap();
        async { Response::new(Body::from("ok")) }
    })
    .await;
    (Stage::before(&url).await, told)
}

async fn assert_refused(stage: &Stage, request: Request<Body>, code: &str) {
    let about = format!("{} {}", request.method(), request.uri());
    let answer = stage.send(request).await;
    assert_eq!(answer.status(), 403, "{about}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{about}");
    let problem = json(answer.into_body()).await;
    assert_eq!((&problem["status"], &problem["code"]), (&403.into(), &code.into()), "{about}");
    assert!(!problem["detail"].as_str().unwrap().is_empty() && !problem["hint"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_path() {
    let (stage, mut told) = watched().await;
    for path in PATHS {
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", ""] {
            let key = format!("Bearer {}", stage.api_key);
            let request = Request::get(path).header("host", host).header("authorization", key);
            assert_refused(&stage, request.body(Body::empty()).unwrap(), "host_refused").await;
        }
    }
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_host_that_two_readers_could_take_for_two_is_refused() {
    let (stage, mut told) = watched().await;
    for head in [
        "GET /linear/mcp HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n",
        "GET /linear/mcp HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n",
        "GET http://evil.example/linear/mcp HTTP/1.1\r\nHost: {host}\r\n",
        "GET http://{host}/linear/mcp HTTP/1.1\r\nHost: evil.example\r\n",
        "GET /linear/mcp HTTP/1.1\r\n",
    ] {
        let answer = stage.raw(&format!("{head}Authorization: Bearer {{key}}\r\nConnection: close\r\n\r\n")).await;
        let refused = answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{head}: {answer}");
    }
    let absolute = "GET http://{host}/linear/mcp HTTP/1.1\r\nHost: {host}\r\n";
    let answer = stage.raw(&format!("{absolute}Authorization: Bearer {{key}}\r\nConnection: close\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(told.try_recv().is_ok() && told.try_recv().is_err());
}

#[tokio::test]
async fn a_foreign_origin_is_refused_on_every_path_preflights_too() {
    let (stage, mut told) = watched().await;
    for path in PATHS {
        for (method, origin) in [("GET", "http://evil.example"), ("OPTIONS", "http://evil.example"), ("POST", "null")] {
            let request = stage.request(method, path).header("origin", origin);
            let request = request.header("access-control-request-method", "POST");
            assert_refused(&stage, request.body(Body::empty()).unwrap(), "origin_refused").await;
        }
    }
    let request = stage.request("POST", "/linear/mcp").header("origin", format!("http://{}", stage.address));
    let twice = request.header("origin", "http://evil.example").body(Body::empty()).unwrap();
    assert_refused(&stage, twice, "origin_refused").await;
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn each_path_needs_its_key() {
    let (stage, _told) = watched().await;
    let keys = [None, Some("wrong"), Some(stage.client_key.as_str()), Some(stage.api_key.as_str())];
    for (path, expected) in [
        ("/healthz", [200, 200, 200, 200]),
        ("/callback?state=s", [200, 200, 200, 200]),
        ("/.well-known/oauth-authorization-server", [404, 404, 404, 404]),
        ("/metrics", [403, 403, 403, 200]),
        ("/api/v1/workloads", [403, 403, 403, 200]),
        ("/linear/mcp", [403, 403, 200, 200]),
        ("/linear/mcp/below", [403, 403, 200, 200]),
        ("/nobody/mcp", [403, 403, 404, 404]),
        ("/mcp", [403, 403, 404, 404]),
    ] {
        for (key, expected) in keys.iter().zip(expected) {
            let mut request = Request::get(path).header("host", stage.address.to_string());
            if let Some(key) = key {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            let answer = stage.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::from_u16(expected).unwrap(), "{path} with {key:?}");
            assert!(!answer.headers().contains_key("www-authenticate"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_key_comes_as_one_bearer_and_no_other_way() {
    let (stage, mut told) = watched().await;
    let host = stage.address.to_string();
    let key = &stage.client_key;
    let lines = |lines: &[String]| {
        let request = Request::get("/linear/mcp").header("host", &host);
        lines.iter().fold(request, |request, line| request.header("authorization", line)).body(Body::empty()).unwrap()
    };
    for refused in [
        vec![format!("Basic {key}")],
        vec![key.clone()],
        vec!["Bearer".to_owned()],
        vec![format!("Bearer {key}"), format!("Bearer {key}")],
    ] {
        assert_refused(&stage, lines(&refused), "key_refused").await;
    }
    let in_query = Request::get(format!("/linear/mcp?access_token={key}")).header("host", &host);
    assert_refused(&stage, in_query.body(Body::empty()).unwrap(), "key_refused").await;
    assert!(told.try_recv().is_err());
    assert_eq!(stage.send(lines(&[format!("bearer {key}")])).await.status(), 200);
}
