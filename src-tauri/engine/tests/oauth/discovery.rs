//! Which authorization server is found, which is refused, and what is asked on the way.

use lamplighter_engine::http::HttpClient;
use lamplighter_engine::oauth::{Challenge, Discovered, SignInError, discover};
use url::Url;

use crate::script::{Asked, Reply, Script, http, reply};
use crate::tls::{Authority, Proxy};

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OIDC: &str = "/.well-known/openid-configuration";

/// A server with these documents, `ORIGIN` in them being its own; everything else is 404.
async fn site(documents: &[(&str, &str)]) -> Script {
    let documents: Vec<(String, String)> =
        documents.iter().map(|&(path, body)| (path.to_owned(), body.to_owned())).collect();
    Script::serve(move |origin, asked| {
        let found = documents.iter().find(|(path, _)| *path == asked.path);
        found.map_or_else(|| reply(404, "nothing here"), |(_, body)| reply(200, body.replace("ORIGIN", origin)))
    })
    .await
}

fn server_at(issuer: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"ORIGIN/auth","token_endpoint":"ORIGIN/token",
        "registration_endpoint":"ORIGIN/reg","revocation_endpoint":"ORIGIN/revoke","scopes_supported":null,
        "authorization_response_iss_parameter_supported":true,"code_challenge_methods_supported":["plain","S256"]}}"#
    )
}

#[tokio::test]
async fn signing_in_on_another_device_is_offered_or_not() {
    for (member, offered) in [
        (r#""device_authorization_endpoint":"ORIGIN/device","#, true),
        (r#""device_authorization_endpoint":"http://as.example/device","#, false),
        (r#""device_authorization_endpoint":null,"#, false),
    ] {
        let document = server_at("ORIGIN").replacen('{', &format!("{{{member}"), 1);
        let server = site(&[(RESOURCE, &resource("ORIGIN", "ORIGIN")), (OAUTH, &document)]).await;
        let found = found(&server, "/").await.unwrap().server;
        assert_eq!(found.device_authorization_endpoint, offered.then(|| server.at("/device")), "{member}");
        assert_eq!(found.device_endpoint().is_ok(), offered, "{member}");
    }
}

fn resource(resource: &str, issuer: &str) -> String {
    format!(r#"{{"resource":"{resource}","authorization_servers":["{issuer}"],"scopes_supported":["a","b"]}}"#)
}

async fn found(server: &Script, path: &str) -> Result<Discovered, SignInError> {
    discover(&http(), &server.at(path), None, None).await
}

fn paths(server: &Script) -> Vec<String> {
    server.asked().into_iter().map(|asked| asked.path).collect()
}

#[tokio::test]
async fn the_resource_names_its_server_below_the_path_of_the_address() {
    let server = site(&[
        ("/.well-known/oauth-protected-resource/team/mcp", &resource("ORIGIN/team/mcp", "ORIGIN")),
        (OAUTH, &server_at("ORIGIN")),
    ])
    .await;
    let found = found(&server, "/team/mcp").await.unwrap();
    let origin = server.url.as_str().trim_end_matches('/');
    assert_eq!(found.resource.as_deref(), Some(format!("{origin}/team/mcp").as_str()));
    assert_eq!(found.scopes, ["a", "b"]);
    assert_eq!(found.server.issuer, origin);
    assert_eq!(found.server.token_endpoint, server.at("/token"));
    assert_eq!(found.server.registration_endpoint, Some(server.at("/reg")));
    assert!(found.server.authorization_response_iss_parameter_supported);
    assert_eq!(paths(&server), [&format!("{RESOURCE}/team/mcp"), OAUTH]);
    assert!(server.asked().iter().all(|asked| asked.headers["accept"] == "application/json"));
}

#[tokio::test]
async fn the_resource_document_at_the_root_is_the_second_try() {
    let server = site(&[(RESOURCE, &resource("ORIGIN/", "ORIGIN")), (OAUTH, &server_at("ORIGIN"))]).await;
    let found = found(&server, "/mcp/").await.unwrap();
    assert_eq!(found.resource.as_deref(), Some(server.url.as_str()), "to the letter, slash and all");
    assert_eq!(paths(&server), [&format!("{RESOURCE}/mcp"), RESOURCE, OAUTH]);
}

#[tokio::test]
async fn the_challenge_tells_where_and_which_scopes() {
    let server = site(&[("/meta", &resource("ORIGIN/mcp", "ORIGIN")), (OAUTH, &server_at("ORIGIN"))]).await;
    let challenge =
        Challenge { resource_metadata: Some(server.at("/meta")), scopes: vec!["files:read".to_owned()], error: None };
    let found = discover(&http(), &server.at("/mcp"), Some(&challenge), None).await.unwrap();
    assert_eq!(found.scopes, ["files:read"]);
    assert_eq!(paths(&server), ["/meta", OAUTH]);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_three_places() {
    let places = [format!("{OAUTH}/t/1"), format!("{OIDC}/t/1"), format!("/t/1{OIDC}")];
    for (tried, place) in places.iter().enumerate() {
        let server = site(&[(RESOURCE, &resource("ORIGIN", "ORIGIN/t/1")), (place, &server_at("ORIGIN/t/1"))]).await;
        let found = found(&server, "/").await.unwrap();
        assert!(found.server.issuer.ends_with("/t/1"));
        let mut expected = vec![RESOURCE.to_owned()];
        expected.extend_from_slice(&places[..=tried]);
        assert_eq!(paths(&server), expected);
    }
}

#[tokio::test]
async fn offline_access_is_asked_for_where_it_is_offered() {
    let offering = server_at("ORIGIN").replace("null", r#"["openid","offline_access"]"#);
    let server = site(&[(RESOURCE, &resource("ORIGIN", "ORIGIN")), (OIDC, &offering)]).await;
    assert_eq!(found(&server, "/mcp").await.unwrap().scopes, ["a", "b", "offline_access"]);
}

#[tokio::test]
async fn a_server_of_2025_03_26_has_its_metadata_or_fixed_paths_at_the_root() {
    let server = site(&[(OAUTH, &server_at("ORIGIN"))]).await;
    let discovered = found(&server, "/v1/mcp").await.unwrap();
    assert_eq!((discovered.resource, discovered.server.authorization_endpoint), (None, server.at("/auth")));

    let server = site(&[]).await;
    let discovered = found(&server, "/v1/mcp?key=1").await.unwrap();
    assert_eq!(discovered.scopes, [""; 0]);
    assert_eq!(discovered.server.authorization_endpoint, server.at("/authorize"));
    assert_eq!(discovered.server.token_endpoint, server.at("/token"));
    assert_eq!(discovered.server.registration_endpoint, Some(server.at("/register")));
    assert_eq!(paths(&server), [&format!("{RESOURCE}/v1/mcp"), RESOURCE, OAUTH, OIDC]);
}

#[tokio::test]
async fn the_person_may_name_the_issuer_with_or_without_its_slash() {
    for issuer in ["ORIGIN", "ORIGIN/"] {
        let server =
            site(&[(RESOURCE, &resource("ORIGIN", "https://unused.example")), (OAUTH, &server_at(issuer))]).await;
        let found = discover(&http(), &server.at("/mcp"), None, Some(&server.url)).await.unwrap();
        assert_eq!(found.server.issuer, issuer.replace("ORIGIN", server.url.as_str().trim_end_matches('/')));
        assert_eq!(found.scopes, ["a", "b"]);
    }
}

#[tokio::test]
async fn what_must_not_be_used_is_refused_in_words() {
    let no_s256 = server_at("ORIGIN").replace(r#","S256""#, "");
    let silent = server_at("ORIGIN").replace("code_challenge_methods_supported", "other");
    let in_the_clear = server_at("ORIGIN").replace("ORIGIN/token", "http://as.example/token");
    let relative = server_at("ORIGIN").replace("ORIGIN/auth", "/auth");
    let tokenless = server_at("ORIGIN").replace(r#""token_endpoint""#, r#""x""#);
    let well = resource("ORIGIN", "ORIGIN");
    let nowhere = resource("ORIGIN", "no address");
    let clear_issuer = resource("ORIGIN", "http://as.example");
    let table: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![(RESOURCE, &well), (OAUTH, &no_s256)], "does not offer PKCE with S256"),
        (vec![(RESOURCE, &well), (OAUTH, &silent)], "does not offer PKCE with S256"),
        (vec![(OAUTH, &no_s256)], "does not offer PKCE with S256"),
        (vec![(RESOURCE, &well), (OAUTH, &in_the_clear)], "http://as.example/token must not be used: it is not https"),
        (vec![(RESOURCE, &well), (OAUTH, &relative)], "\"/auth\", is no address"),
        (vec![(RESOURCE, &well), (OAUTH, &tokenless)], "names no token_endpoint"),
        (vec![(RESOURCE, &well)], "publishes no sign-in metadata"),
        (vec![(RESOURCE, r#"{"resource":"ORIGIN/mc","authorization_servers":["ORIGIN"]}"#)], "speaks of the resource"),
        (vec![(RESOURCE, r#"{"resource":"https://else.example/mcp"}"#)], "speaks of the resource"),
        (vec![(RESOURCE, r#"{"authorization_servers":["ORIGIN"]}"#)], "speaks of the resource"),
        (vec![(RESOURCE, &nowhere)], "is no usable address"),
        (vec![(RESOURCE, &clear_issuer)], "it is not https"),
    ];
    for (documents, expected) in table {
        let server = site(&documents).await;
        let error = found(&server, "/mcp").await.unwrap_err();
        assert!(error.problem.contains(expected), "{} / {expected}", error.problem);
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_passed_over() {
    let strange = server_at("https://else.example");
    let slash = server_at("ORIGIN/");
    let right = server_at("ORIGIN");
    let well = resource("ORIGIN", "ORIGIN");
    let server = site(&[(RESOURCE, &well), (OAUTH, &strange), (OIDC, &right)]).await;
    assert!(found(&server, "/mcp").await.is_ok());
    for document in [&strange, &slash] {
        let server = site(&[(RESOURCE, &well), (OAUTH, document)]).await;
        let error = found(&server, "/mcp").await.unwrap_err();
        assert!(error.problem.contains("so it was not used"), "{}", error.problem);
    }
}

#[tokio::test]
async fn a_challenge_that_leads_nowhere_is_said() {
    let server = site(&[(OAUTH, &server_at("ORIGIN"))]).await;
    let challenge = Challenge { resource_metadata: Some(server.at("/meta?secret=1")), ..Challenge::default() };
    let error = discover(&http(), &server.at("/mcp"), Some(&challenge), None).await.unwrap_err();
    assert!(error.problem.contains("/meta should say how to sign in, but answered 404"), "{}", error.problem);
    assert!(!error.problem.contains("secret"));
}

#[tokio::test]
async fn whoever_names_the_issuer_needs_no_other_metadata() {
    let server = site(&[(RESOURCE, &resource("https://else.example", "ORIGIN")), (OAUTH, &server_at("ORIGIN"))]).await;
    let nowhere = Challenge { resource_metadata: Some(server.at("/meta")), ..Challenge::default() };
    for challenge in [None, Some(&nowhere)] {
        let found = discover(&http(), &server.at("/mcp"), challenge, Some(&server.url)).await.unwrap();
        assert_eq!((found.resource, found.server.token_endpoint), (None, server.at("/token")));
    }
}

#[tokio::test]
async fn a_workload_of_the_world_is_not_led_to_private_addresses() {
    let authority = Authority::new();
    let private =
        ["https://10.0.0.1", "https://[::1]/t", "https://localhost", "https://127.0.0.1:8443", "http://localhost"];
    for issuer in private {
        let document = resource("https://mcp.test", issuer);
        let server = authority.serve(&["mcp.test"], &[], move |_| (200, document.clone())).await;
        let proxy = Proxy::before(server, None).await;
        let mut environment = authority.trusted();
        environment.insert("ALL_PROXY".to_owned(), format!("http://{}", proxy.address));
        let http = HttpClient::new(&environment).unwrap();
        let url = Url::parse("https://mcp.test/mcp").unwrap();
        let error = discover(&http, &url, None, None).await.unwrap_err();
        assert!(error.problem.contains("on a private address"), "{issuer}: {}", error.problem);
        assert_eq!(proxy.heads().len(), 1, "only the workload's own host was asked");
    }
}

fn hop(asked: &Asked, to: &str) -> Reply {
    reply(302, "").with("location", to.replace("PATH", &asked.path))
}

#[tokio::test]
async fn redirects_are_followed_on_the_same_host_and_not_for_ever() {
    let places = [format!("{OAUTH}/t"), format!("{OIDC}/t"), format!("/t{OIDC}")];
    let [elsewhere, otherwise, here] = places.clone();
    let server = Script::serve(move |origin, asked| match &asked.path {
        path if path == RESOURCE => hop(asked, "/moved"),
        path if path == "/moved" => reply(200, resource("ORIGIN", "ORIGIN/t").replace("ORIGIN", origin)),
        path if *path == elsewhere => hop(asked, "https://else.example/PATH"),
        path if *path == otherwise => hop(asked, &origin.replace("http:", "https:")),
        path if *path == here => reply(200, server_at("ORIGIN/t").replace("ORIGIN", origin)),
        _ => reply(404, ""),
    })
    .await;
    assert!(found(&server, "/").await.is_ok());
    let mut expected = vec![RESOURCE.to_owned(), "/moved".to_owned()];
    expected.extend(places);
    assert_eq!(paths(&server), expected);

    let server = Script::serve(|_, asked| hop(asked, "PATH")).await;
    let error = found(&server, "/mcp").await.unwrap_err();
    assert!(error.problem.contains("more than 10 requests"), "{}", error.problem);
    assert_eq!(paths(&server).len(), 10);
}

#[tokio::test]
async fn passing_trouble_is_no_proof_of_absence() {
    let server = Script::serve(|_, _| reply(503, "")).await;
    let error = found(&server, "/mcp").await.unwrap_err();
    assert!(error.problem.contains("answered 503"), "{}", error.problem);
    assert_eq!(error.hint.as_deref(), Some("try again in a while"));

    // One candidate's trouble does not hide the next one's document.
    let server = Script::serve(|origin, asked| match asked.path.as_str() {
        OIDC => reply(200, server_at("ORIGIN").replace("ORIGIN", origin)),
        _ => reply(501, ""),
    })
    .await;
    assert!(found(&server, "/mcp").await.is_ok());
}

#[tokio::test]
async fn pages_and_huge_bodies_are_no_documents() {
    for body in ["<html>".to_owned(), " ".repeat(1024 * 1024 + 1), "[]".to_owned(), "{}".to_owned()] {
        let server = Script::serve(move |origin, asked| match asked.path.as_str() {
            OIDC => reply(200, server_at("ORIGIN").replace("ORIGIN", origin)),
            RESOURCE => reply(404, ""),
            _ => reply(200, body.clone()),
        })
        .await;
        assert!(found(&server, "/").await.is_ok());
    }
}

#[tokio::test]
async fn an_endless_stream_is_not_waited_for() {
    let server = Script::serve(|_, asked| match asked.path.as_str() {
        "/.well-known/oauth-protected-resource/mcp" | RESOURCE => Reply::endless(),
        _ => reply(404, ""),
    })
    .await;
    assert!(found(&server, "/mcp").await.is_ok());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let url = Url::parse("http://127.0.0.1:1/mcp").unwrap();
    let error = discover(&http(), &url, None, None).await.unwrap_err();
    assert!(error.problem.ends_with("gave no answer: it refused the connection"), "{}", error.problem);
}
