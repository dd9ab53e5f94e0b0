//! Discovery, registration, the authorization endpoint, the code exchange.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lamplighter_simulator::{
    CANARY, Consent, Discovery, Endpoint, IssParameter, RedirectUris, Registration, ResourceMetadata,
    ResourceParameter, World, person,
};
use serde_json::{Value, json};
use url::Url;

use crate::client::{Client, REDIRECT_URI, VERIFIER, parameter, post_form, refusal, register, tokens};
use crate::raw::{Outcome, exchange, get};

#[tokio::test]
async fn metadata_leads_from_the_resource_to_every_endpoint() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let resource = get(&server.url(Endpoint::ResourceMetadata)).await?.json()?;
    assert_eq!(resource["resource"], server.mcp_url().as_str());
    assert_eq!(resource["authorization_servers"], json!([server.issuer().as_str()]));
    let metadata = get(&server.url(Endpoint::ServerMetadata)).await?.json()?;
    assert_eq!(metadata["issuer"], server.issuer().as_str());
    for (name, endpoint) in [
        ("authorization_endpoint", Endpoint::Authorization),
        ("token_endpoint", Endpoint::Token),
        ("registration_endpoint", Endpoint::Registration),
        ("revocation_endpoint", Endpoint::Revocation),
        ("userinfo_endpoint", Endpoint::UserInfo),
    ] {
        assert_eq!(metadata[name], server.url(endpoint).as_str());
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(server.counts().metadata_requests, 2);
    Ok(())
}

#[tokio::test]
async fn metadata_is_only_where_the_rules_put_it() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let mut places = Vec::new();
    for discovery in [Discovery::OAuth, Discovery::OpenIdInserted, Discovery::OpenIdAppended] {
        server.authorization(|rules| rules.discovery = discovery);
        places.push((discovery, server.url(Endpoint::ServerMetadata)));
    }
    for (discovery, _) in &places {
        server.authorization(|rules| rules.discovery = *discovery);
        for (other, place) in &places {
            let expected = if other == discovery { 200 } else { 404 };
            assert_eq!(get(place).await?.status, expected, "{other:?} while {discovery:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn metadata_can_be_wrong_or_absent() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.authorization(|rules| rules.discovery = Discovery::WrongIssuer);
    let metadata = get(&server.url(Endpoint::ServerMetadata)).await?.json()?;
    assert_ne!(metadata["issuer"], server.issuer().as_str());
    server.authorization(|rules| {
        rules.discovery = Discovery::WithoutPkce;
        rules.registration = Registration::Absent;
    });
    let metadata = get(&server.url(Endpoint::ServerMetadata)).await?.json()?;
    assert_eq!(metadata.get("code_challenge_methods_supported"), None);
    assert_eq!(metadata.get("registration_endpoint"), None);
    Ok(())
}

#[tokio::test]
async fn a_server_of_2025_03_26_has_its_endpoints_at_its_root() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.authorization(|rules| rules.discovery = Discovery::Nothing);
    assert_eq!(get(&server.url(Endpoint::ServerMetadata)).await?.status, 404);
    assert_eq!(get(&server.url(Endpoint::ResourceMetadata)).await?.status, 404);
    assert_eq!(server.url(Endpoint::Token), server.mcp_url().join("/token")?);
    assert!(Client::register(&server).await?.sign_in().await?.refresh.is_some());
    Ok(())
}

#[tokio::test]
async fn registration_follows_its_rules() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let with = |uri: &str| json!({ "redirect_uris": [uri] });
    let document = register(&server, &with(REDIRECT_URI)).await?.json()?;
    assert!(document["client_secret"].as_str().is_some_and(|secret| secret.starts_with("lamp-canary-secret-")));
    assert_eq!(document["client_secret_expires_at"], 0);
    let refused = (400, "invalid_redirect_uri".to_owned());
    assert_eq!(refusal(&register(&server, &with("https://example.com/callback")).await?)?, refused);
    server.authorization(|rules| rules.redirect_uris = RedirectUris::LocalhostOnly);
    assert_eq!(refusal(&register(&server, &with(REDIRECT_URI)).await?)?, refused);
    assert_eq!(register(&server, &with("http://localhost:4114/callback")).await?.status, 201);
    server.authorization(|rules| rules.registration = Registration::Absent);
    assert_eq!(register(&server, &with("http://localhost:4114/callback")).await?.status, 404);
    assert_eq!(server.counts().registrations, 2);
    Ok(())
}

#[tokio::test]
async fn a_code_buys_tokens_once() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let code = client.code().await?;
    assert!(code.starts_with(CANARY));
    let answer = client.exchange(&code, VERIFIER).await?;
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(answer.field("content-length"), Some(answer.body.len().to_string().as_str()));
    let bought = tokens(&answer)?;
    assert!(bought.access.starts_with("lamp-canary-at-"));
    let refresh = bought.refresh.ok_or("no refresh token")?;
    assert!(refresh.starts_with("lamp-canary-rt-"));
    let ended = (400, "invalid_grant".to_owned());
    assert_eq!(refusal(&client.exchange(&code, VERIFIER).await?)?, ended);
    // RFC 6749 section 4.1.2: the second use takes back what the first one brought.
    assert_eq!(refusal(&client.refresh(&refresh).await?)?, ended);
    Ok(())
}

#[tokio::test]
async fn a_wrong_verifier_buys_nothing() -> Outcome {
    let world = World::new();
    let client = Client::register(&world.server("linear")?).await?;
    let code = client.code().await?;
    assert_eq!(refusal(&client.exchange(&code, "another-verifier").await?)?, (400, "invalid_grant".to_owned()));
    let without = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    assert_eq!(refusal(&client.ask(&without).await?)?, (400, "invalid_request".to_owned()));
    tokens(&client.exchange(&code, VERIFIER).await?)?;
    Ok(())
}

#[tokio::test]
async fn the_callback_says_what_was_decided_and_by_whom() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let callback = person::deny(&client.authorization_url(&[])).await?;
    assert_eq!(parameter(&callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("a-state"));
    assert_eq!(parameter(&callback, "code"), None);
    assert_eq!(parameter(&callback, "iss").as_deref(), Some(server.issuer().as_str()));
    for (rule, expected) in [
        (IssParameter::Wrong, Some("https://elsewhere.example/")),
        (IssParameter::Missing, None),
        (IssParameter::Unsupported, None),
    ] {
        server.authorization(|rules| rules.iss = rule);
        let callback = person::approve(&client.authorization_url(&[])).await?;
        assert_eq!(parameter(&callback, "iss").as_deref(), expected, "{rule:?}");
        assert!(parameter(&callback, "code").is_some());
    }
    Ok(())
}

#[tokio::test]
async fn consent_is_asked_for_on_a_page_with_two_links() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    server.authorization(|rules| rules.consent = Consent::Ask);
    let page = get(&client.authorization_url(&[])).await?;
    assert_eq!(page.status, 200);
    let links: Vec<String> =
        page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next().map(unescape)).collect();
    let [approve, deny] = &links[..] else { return Err("not two links".into()) };
    let location = async |link: &str| -> Outcome<Url> {
        Ok(get(&link.parse()?).await?.field("location").ok_or("no Location")?.parse()?)
    };
    assert!(parameter(&location(approve).await?, "code").is_some());
    assert_eq!(parameter(&location(deny).await?, "error").as_deref(), Some("access_denied"));
    server.authorization(|rules| rules.consent = Consent::Deny);
    let denied = location(client.authorization_url(&[]).as_str()).await?;
    assert_eq!(parameter(&denied, "error").as_deref(), Some("access_denied"));
    Ok(())
}

#[tokio::test]
async fn the_server_to_try_a_client_with_is_one_and_asks_its_person() -> Outcome {
    let world = World::new();
    let server = world.demonstration()?;
    assert_eq!(world.demonstration()?.mcp_url(), server.mcp_url());
    let client = Client::register(&server).await?;
    let page = get(&client.authorization_url(&[])).await?;
    assert!(page.status == 200 && page.text().contains("Approve"), "{}", page.text());
    Ok(())
}

fn unescape(text: &str) -> String {
    text.replace("&amp;", "&")
}

#[tokio::test]
async fn a_faulty_authorization_request_is_sent_back_with_its_error() -> Outcome {
    let world = World::new();
    let client = Client::register(&world.server("linear")?).await?;
    for (change, word) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("resource", "https://elsewhere.example/mcp"), "invalid_target"),
        (("scope", "admin"), "invalid_scope"),
    ] {
        let callback = person::approve(&client.authorization_url(&[change])).await?;
        assert_eq!(parameter(&callback, "error").as_deref(), Some(word), "{change:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_sent_to_a_redirect_uri_that_was_not_registered() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let elsewhere = ("redirect_uri", "https://elsewhere.example/callback");
    let other_port = ("redirect_uri", "http://127.0.0.1:5000/callback");
    assert_eq!(get(&client.authorization_url(&[elsewhere])).await?.status, 400);
    assert_eq!(get(&client.authorization_url(&[("client_id", "nobody")])).await?.status, 400);
    assert_eq!(get(&client.authorization_url(&[other_port])).await?.status, 302);
    server.authorization(|rules| rules.redirect_uris = RedirectUris::Exact);
    assert_eq!(get(&client.authorization_url(&[other_port])).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn the_resource_parameter_is_as_strict_as_the_rules() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let own = server.mcp_url().to_string();
    let refresh = client.sign_in().await?.refresh.ok_or("no refresh token")?;
    server.authorization(|rules| {
        rules.refresh_tokens = lamplighter_simulator::RefreshTokens::Kept;
    });
    let other = "https://elsewhere.example/mcp";
    for (rule, resource, status) in [
        (ResourceParameter::Required, "", 400),
        (ResourceParameter::Required, own.as_str(), 200),
        (ResourceParameter::Checked, "", 200),
        (ResourceParameter::Checked, other, 400),
        (ResourceParameter::Ignored, other, 200),
        (ResourceParameter::Rejected, "", 200),
        (ResourceParameter::Rejected, own.as_str(), 400),
    ] {
        server.authorization(|rules| rules.resource = rule);
        let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("resource", resource)];
        let answer = client.ask(&form).await?;
        assert_eq!(answer.status, status, "{rule:?} {resource}");
        if status == 400 {
            assert_eq!(refusal(&answer)?.1, "invalid_target");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_confidential_client_shows_its_secret_either_way() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = server.register_client(&[REDIRECT_URI], true);
    let secret = client.secret.ok_or("no secret")?;
    let endpoint = server.url(Endpoint::Token);
    let form = ("grant_type", "client_credentials");
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{}:{secret}", client.id)));

    let answer = post_form(&endpoint, &[("Authorization", &basic(&secret))], &[form]).await?;
    assert_eq!(tokens(&answer)?.refresh, None);
    let answer = post_form(&endpoint, &[], &[form, ("client_id", &client.id), ("client_secret", &secret)]).await?;
    tokens(&answer)?;
    let answer = post_form(&endpoint, &[("Authorization", &basic("wrong"))], &[form]).await?;
    assert_eq!(refusal(&answer)?, (401, "invalid_client".to_owned()));
    assert!(answer.field("www-authenticate").is_some_and(|value| value.starts_with("Basic")));
    let answer = post_form(&endpoint, &[], &[form, ("client_id", &client.id)]).await?;
    assert_eq!(refusal(&answer)?, (401, "invalid_client".to_owned()));
    let public = server.register_client(&[REDIRECT_URI], false);
    let answer = post_form(&endpoint, &[], &[form, ("client_id", &public.id)]).await?;
    assert_eq!(refusal(&answer)?, (400, "unauthorized_client".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_person_is_told_when_there_is_no_way_back() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let stuck = person::approve(&client.authorization_url(&[("client_id", "nobody")])).await;
    assert!(matches!(stuck, Err(person::PersonError::Stuck { status, .. }) if status == 400));
    Ok(())
}

#[tokio::test]
async fn servers_do_not_share_clients_or_tokens() -> Outcome {
    let world = World::new();
    let [linear, notion] = [world.server("linear")?, world.server("notion")?];
    let client = Client::register(&linear).await?;
    let access = client.sign_in().await?.access;
    assert_eq!(crate::mcp::call(&notion, Some(&access), "echo").await?.status, 401);
    let astray = Client { server: notion, id: client.id };
    assert_eq!(refusal(&astray.refresh("any").await?)?, (401, "invalid_client".to_owned()));
    assert_eq!(world.server("linear")?.mcp_url(), linear.mcp_url());
    assert!(world.server("../etc").is_err());
    Ok(())
}

#[tokio::test]
async fn a_secret_can_be_registered_for_a_while() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.authorization(|rules| rules.registration = Registration::Expiring(Duration::from_hours(1)));
    let document = register(&server, &json!({ "redirect_uris": [REDIRECT_URI] })).await?.json()?;
    let [issued, expires] = ["client_id_issued_at", "client_secret_expires_at"].map(|name| document[name].as_i64());
    assert_eq!(issued.zip(expires).map(|(issued, expires)| expires - issued), Some(3600));
    Ok(())
}

#[tokio::test]
async fn the_account_is_told_by_id_token_and_userinfo() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let answer = client.exchange(&client.code().await?, VERIFIER).await?;
    let id_token = answer.json()?["id_token"].as_str().ok_or("no id_token")?.to_owned();
    let claims = id_token.split('.').nth(1).ok_or("no claims")?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    assert_eq!(claims["email"], "ada@example.com");
    assert_eq!(claims["aud"], client.id);
    let url = server.url(Endpoint::UserInfo);
    let bearer = format!("Bearer {}", tokens(&answer)?.access);
    let told = exchange("GET", &url, &[("Authorization", &bearer)], "").await?;
    assert_eq!(told.json()?["email"], "ada@example.com");
    assert_eq!(get(&url).await?.status, 401);
    server.authorization(|rules| rules.account = None);
    assert_eq!(client.exchange(&client.code().await?, VERIFIER).await?.json()?.get("id_token"), None);
    Ok(())
}

#[tokio::test]
async fn the_resource_metadata_can_be_at_the_root() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let inserted = server.url(Endpoint::ResourceMetadata);
    server.resource(|rules| rules.metadata = ResourceMetadata::Root);
    let root = server.mcp_url().join("/.well-known/oauth-protected-resource")?;
    assert_eq!(server.url(Endpoint::ResourceMetadata), root);
    assert_eq!(get(&root).await?.json()?["resource"], server.mcp_url().as_str());
    assert_eq!(get(&inserted).await?.status, 404);
    Ok(())
}
