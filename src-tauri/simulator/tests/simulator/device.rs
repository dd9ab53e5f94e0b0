//! Signing in on another device (RFC 8628).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lamplighter_simulator::{Consent, Endpoint, Server, World, person};
use serde_json::{Value, json};
use url::Url;

use crate::client::{Client, REDIRECT_URI, post_form, refusal, register, tokens};
use crate::raw::{Answer, Outcome, get};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct Device {
    seconds: Arc<AtomicU64>,
    _world: World,
    server: Server,
    client: Client,
    codes: Value,
}

impl Device {
    async fn begun() -> Outcome<Self> {
        let seconds = Arc::<AtomicU64>::default();
        let clock = Arc::clone(&seconds);
        let now = move || Duration::from_secs(clock.load(Ordering::SeqCst));
        let world = World::with_clock(Arc::new(now), jiff::Timestamp::UNIX_EPOCH);
        let server = world.server("linear")?;
        let body = json!({
            "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none", "grant_types": [DEVICE_CODE],
        });
        let id = register(&server, &body).await?.json()?["client_id"].as_str().ok_or("no client_id")?.to_owned();
        let codes = begin(&server, &id).await?.json()?;
        Ok(Self { seconds, _world: world, client: Client { server: server.clone(), id }, server, codes })
    }

    fn code(&self, name: &str) -> &str {
        self.codes[name].as_str().unwrap_or_default()
    }

    fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn poll(&self) -> Outcome<Answer> {
        self.client.ask(&[("grant_type", DEVICE_CODE), ("device_code", self.code("device_code"))]).await
    }

    async fn refused(&self) -> Outcome<String> {
        Ok(refusal(&self.poll().await?)?.1)
    }
}

async fn begin(server: &Server, client: &str) -> Outcome<Answer> {
    post_form(&server.url(Endpoint::DeviceAuthorization), &[], &[("client_id", client)]).await
}

#[tokio::test]
async fn a_code_that_was_approved_brings_tokens_once() -> Outcome {
    let device = Device::begun().await?;
    let page: Url = device.code("verification_uri").parse()?;
    assert_eq!(device.refused().await?, "authorization_pending");
    assert_eq!(person::approve_device(&page, "BCDF-GHJK").await?.0, 400, "no such code");
    assert_eq!(person::approve_device(&page, device.code("user_code")).await?.0, 200);
    device.pass(5);
    assert!(tokens(&device.poll().await?)?.refresh.is_some());
    assert_eq!(device.refused().await?, "invalid_grant");
    assert_eq!(device.server.counts().device_authorizations, 1);
    Ok(())
}

#[tokio::test]
async fn a_code_that_was_denied_brings_none() -> Outcome {
    let device = Device::begun().await?;
    device.server.authorization(|rules| rules.consent = Consent::Ask);
    let complete: Url = device.code("verification_uri_complete").parse()?;
    assert!(get(&complete).await?.text().contains("decision=deny"));
    assert_eq!(device.refused().await?, "authorization_pending", "looking is no answer");
    let page: Url = device.code("verification_uri").parse()?;
    assert_eq!(person::deny_device(&page, device.code("user_code")).await?.0, 200);
    device.pass(5);
    assert_eq!(device.refused().await?, "access_denied");
    Ok(())
}

#[tokio::test]
async fn who_polls_too_fast_is_slowed_down_for_good() -> Outcome {
    let device = Device::begun().await?;
    assert_eq!(device.refused().await?, "authorization_pending");
    device.pass(4);
    assert_eq!(device.refused().await?, "slow_down");
    device.pass(5);
    assert_eq!(device.refused().await?, "slow_down");
    device.pass(15);
    assert_eq!(device.refused().await?, "authorization_pending");
    device.pass(600);
    assert_eq!(device.refused().await?, "expired_token");
    Ok(())
}

#[tokio::test]
async fn only_clients_registered_for_it_get_codes() -> Outcome {
    let device = Device::begun().await?;
    let other = Client::register(&device.server).await?;
    assert_eq!(refusal(&begin(&device.server, &other.id).await?)?, (400, "unauthorized_client".to_owned()));
    device.server.authorization(|rules| rules.devices = None);
    assert_eq!(begin(&device.server, &device.client.id).await?.status, 404);
    let metadata = get(&device.server.url(Endpoint::ServerMetadata)).await?.json()?;
    assert!(metadata.get("device_authorization_endpoint").is_none());
    Ok(())
}
