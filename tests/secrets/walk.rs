//! A walk through everything that can happen to a login, gathering what is said on the way.

use std::time::Duration;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use lamplighter_core::Phase;
use lamplighter_simulator::{CANARY, Challenge, Endpoint, Fault, Loss, RetryAfter, Server, person};
use serde_json::{Value, json};
use url::Url;

use crate::search::Evidence;
use crate::support::{Answer, Outcome, Stage, ping, soon, tool};

/// The value of a header that the person gave.
const HEADER: &str = "wick-and-oil-4711";
/// Begins every key of this engine, whoever it is for.
const KEY: &str = "lamp_";

pub(crate) struct Walk {
    stage: Stage,
    /// Signs in with a browser.
    linear: Server,
    /// Has a client that was registered by hand.
    notion: Server,
    evidence: Evidence,
}

impl Walk {
    pub(crate) async fn begin() -> Outcome<Self> {
        let stage = Stage::set().await?;
        let (linear, notion) = (stage.server("linear")?, stage.server("notion")?);
        let mut evidence = Evidence::default();
        evidence.secret("the canary", CANARY);
        evidence.secret("a header's value", HEADER);
        evidence.secret("a key", KEY);
        evidence.allow("a key", "engine.json");
        Ok(Self { stage, linear, notion, evidence })
    }

    pub(crate) async fn sign_in_in_every_way(&mut self) -> Outcome {
        let linear = json!({ "name": "linear", "url": self.linear.mcp_url(), "headers": { "X-Team": HEADER } });
        let client = self.notion.register_client(&["http://127.0.0.1/callback"], true);
        let secret = client.secret.clone().context("a confidential client")?;
        let basic = STANDARD.encode(format!("{}:{secret}", client.id));
        self.evidence.secret("the client's HTTP Basic", basic.trim_end_matches('='));
        let notion =
            json!({ "name": "notion", "url": self.notion.mcp_url(), "client_id": client.id, "client_secret": secret });
        let machine = self.stage.server("machine")?;
        let client = machine.register_client(&[], true);
        let machine = json!({
            "name": "machine", "url": machine.mcp_url(), "grant": "client_credentials",
            "client_id": client.id, "client_secret": client.secret,
        });
        let pasted = self.stage.server("pasted")?;
        let pasted = json!({ "name": "pasted", "url": pasted.mcp_url(), "bearer": pasted.static_bearer() });
        for fields in [linear, notion, machine, pasted] {
            self.api(Method::POST, "/workloads", &fields).await?;
        }
        for name in ["linear", "notion"] {
            self.sign_in_on_another_device(name).await?;
            for path in ["login", "cancel-login"] {
                self.api(Method::POST, &format!("/workloads/{name}/{path}"), &json!({})).await?;
            }
            let denied = person::deny(&self.stage.begin_sign_in(name).await?).await?;
            self.visit("a denied sign-in", &denied).await?;
            let approved = person::approve(&self.stage.begin_sign_in(name).await?).await?;
            for _ in 0..2 {
                self.visit("a sign-in", &approved).await?;
            }
            self.stage.until(name, |workload| workload.status == Phase::Running).await?;
            self.stage.next_attempt(name).await?;
        }
        for name in ["linear", "notion", "machine", "pasted"] {
            self.stage.until(name, |workload| workload.status == Phase::Running).await?;
            assert_eq!(self.call(name).await?, StatusCode::OK, "{name} is served");
        }
        Ok(())
    }

    /// Once with an answer that repeats what it was asked, once to the end.
    async fn sign_in_on_another_device(&mut self, name: &str) -> Outcome {
        let server = self.stage.server(name)?;
        let said = format!("the code {CANARY}device-0123456789abcdef is not one of ours");
        let echo = json!({ "error": "invalid_grant", "error_description": said, "device_code": said });
        server.fail_times(Endpoint::Token, 1, &Fault::Json(StatusCode::BAD_REQUEST, echo));
        for signs_in in [false, true] {
            let begun = self.api(Method::POST, &format!("/workloads/{name}/login"), &json!({ "device": true })).await?;
            let address = begun.json()?["authorization_url"].as_str().context("no address")?.parse()?;
            self.visit("a code", &address).await?;
            self.stage.next_poll().await?;
            self.stage.until(name, |workload| !workload.signing_in).await?;
            assert_eq!(self.stage.workload(name)?.status == Phase::Running, signs_in);
        }
        Ok(())
    }

    /// Answers of the token endpoint that break off, are no answers, or repeat what they were asked.
    pub(crate) async fn meet_every_weather(&mut self) -> Outcome {
        let echo = |status| {
            let said = format!("the token {CANARY}rt-0123456789abcdef is not one of ours");
            Fault::Json(status, json!({ "error": "busy_here", "error_description": said, "refresh_token": said }))
        };
        let weather = [
            Fault::Page(StatusCode::FORBIDDEN),
            Fault::Page(StatusCode::OK),
            Fault::Redirect(StatusCode::FOUND, "http://127.0.0.1:9/portal".to_owned()),
            Fault::Text(StatusCode::BAD_REQUEST, format!("refresh_token={CANARY}rt-0123456789abcdef")),
            Fault::Busy(StatusCode::SERVICE_UNAVAILABLE, RetryAfter::Seconds(5)),
            Fault::Truncated,
            Fault::Oversized,
            Fault::Midway,
            Fault::Reset,
            Fault::Empty(StatusCode::UNAUTHORIZED),
            echo(StatusCode::BAD_GATEWAY),
            echo(StatusCode::BAD_REQUEST),
            Fault::Mislabelled("text/html"),
            Fault::Lost(Loss::Midway),
        ];
        for fault in weather {
            self.linear.fail_times(Endpoint::Token, 1, &fault);
            self.stage.next_attempt("linear").await?;
        }
        // The answer that was lost took the rotated token with it.
        let ended = self.stage.attempts_until("linear", Phase::Unauthenticated).await?;
        self.evidence.add("a workload that was lost", format!("{ended:?}"));
        self.sign_in("linear").await?;

        self.notion.fail(Endpoint::Token, Fault::Page(StatusCode::FORBIDDEN));
        self.stage.attempts_until("notion", Phase::AuthRetrying).await?;
        self.stage.expire("notion")?;
        assert_eq!(self.call("notion").await?, StatusCode::SERVICE_UNAVAILABLE);
        self.api(Method::POST, "/workloads/notion/retry", &json!({})).await?;
        self.stage.clock.sleep_machine(Duration::from_mins(1));
        self.ask_everything().await?;
        self.notion.recover(Endpoint::Token);
        self.stage.attempts_until("notion", Phase::Running).await?;
        Ok(())
    }

    pub(crate) async fn be_refused_and_revoked(&mut self) -> Outcome {
        self.linear.reject_access_tokens();
        self.call("linear").await?;
        self.linear.resource(|rules| rules.refuses_every_token = true);
        self.call("linear").await?;
        self.linear.resource(|rules| rules.refuses_every_token = false);
        self.sign_in("linear").await?;

        self.notion.revoke_grants();
        self.stage.attempts_until("notion", Phase::Unauthenticated).await?;
        self.call("notion").await?;
        self.sign_in("notion").await?;
        self.notion.forget_clients();
        self.stage.attempts_until("notion", Phase::Unauthenticated).await?;

        // A code that cannot be exchanged.
        self.linear.fail_times(Endpoint::Token, 1, &Fault::OAuthError(StatusCode::BAD_REQUEST, "invalid_grant".into()));
        let approved = person::approve(&self.stage.begin_sign_in("linear").await?).await?;
        self.visit("a code that is refused", &approved).await?;

        // A revocation that fails, and its token in the answer.
        let said = format!("{CANARY}rt-0123456789abcdef is unknown");
        self.linear.fail(Endpoint::Revocation, Fault::Text(StatusCode::INTERNAL_SERVER_ERROR, said));
        self.api(Method::POST, "/workloads/linear/logout", &json!({})).await?;
        self.linear.recover(Endpoint::Revocation);
        self.call("linear").await?;
        self.sign_in("linear").await
    }

    /// A panic in the middle of a refresh, while a token is held that was never stored.
    pub(crate) async fn break_down(&mut self) -> Outcome {
        let broken = self.stage.broken_attempt("linear").await?;
        self.evidence.add("a workload whose refresh broke down", format!("{broken:?}"));
        // An answer that does not come is given up, and asked for again.
        self.stage.clock.advance(Duration::from_mins(10));
        self.stage.until("linear", |workload| workload.next_attempt_at.is_some()).await?;
        self.stage.attempts_until("linear", Phase::Running).await?;
        assert_eq!(self.call("linear").await?, StatusCode::OK);
        Ok(())
    }

    /// Secrets where they do not belong: none may come back.
    pub(crate) async fn ask_wrongly(&mut self) -> Outcome {
        let url = self.linear.mcp_url();
        let secret = format!("{CANARY}misplaced-0123456789");
        let wrong = [
            json!({ "name": "linear", "url": url, "bearer": secret }),
            json!({ "name": "one", "url": url, "bearer": secret, "grant": "client_credentials" }),
            json!({ "name": "one", "url": url, "client_secret": secret, "grant": "client_credentials" }),
            json!({ "name": "one", "url": url, "headers": { "Host": secret } }),
            json!({ "name": "one", "url": url, "headers": { "X-Team": format!("{secret}\n") } }),
            json!({ "name": "one", "url": url, "headers": [secret] }),
            json!({ "name": "one", "url": url, "bearer": [secret] }),
            json!({ "name": "one", "url": url, "scopes": secret }),
            json!(secret),
        ];
        for fields in wrong {
            let answer = self.api(Method::POST, "/workloads", &fields).await?;
            assert!(answer.status.is_client_error(), "{fields} was taken");
        }
        let pasted = format!("http://127.0.0.1:1/callback?code={secret}&state={secret}");
        self.api(Method::POST, "/callback-paste", &json!({ "url": pasted })).await?;
        self.api(Method::POST, "/callback-paste", &json!({ "url": secret })).await?;
        let endpoint = self.stage.endpoint("linear").await?;
        let mut callback: Url = endpoint.url.parse()?;
        callback.set_path("/callback");
        callback.set_query(Some(&format!("code={secret}&state={secret}")));
        self.visit("a callback that nobody waits for", &callback).await?;

        let mut stranger = endpoint.clone();
        stranger.headers = vec![("authorization".to_owned(), format!("Bearer {secret}"))];
        let refused = stranger.post(&ping()).await?;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        self.keep("a refusal at the door", &refused);
        Ok(())
    }

    /// A code that is refused, and one that brings a session where there is a web UI to be opened.
    pub(crate) async fn open_in_a_browser(&mut self) -> Outcome {
        let misplaced = json!({ "code": format!("{CANARY}misplaced-0123456789") });
        let refused = self.stage.open(Method::POST, "/signin", &misplaced).await?;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        self.keep("a code that is refused", &refused);
        let begun = self.stage.api(Method::POST, "/session", &Value::Null).await?;
        if begun.status == StatusCode::CONFLICT {
            self.keep("no session", &begun);
            return Ok(());
        }
        let address: Url = begun.json()?["address"].as_str().context("no address")?.parse()?;
        let code = json!({ "code": address.fragment().context("no code")? });
        let session = self.stage.open(Method::POST, "/signin", &code).await?;
        let key = session.json()?["key"].as_str().context("no key")?.to_owned();
        let used = self.stage.open(Method::POST, "/signin", &code).await?;
        assert_eq!(used.status, StatusCode::FORBIDDEN);
        self.keep("a code that was used", &used);

        let mut browser = self.stage.endpoint("linear").await?;
        browser.url = address.join("/api/v1/workloads")?.into();
        browser.headers = vec![("authorization".to_owned(), format!("Bearer {key}"))];
        let shown = browser.send(browser.request(Method::GET).body(<_>::default())?).await?;
        assert_eq!(shown.status, StatusCode::OK);
        self.keep("what a browser is shown", &shown);
        Ok(())
    }

    /// Every answer that is to be had.
    pub(crate) async fn ask_everything(&mut self) -> Outcome {
        for path in ["/workloads", "/journal", "/doctor", "/openapi.json", "/nowhere", "/workloads/nobody"] {
            self.api(Method::GET, path, &Value::Null).await?;
        }
        for path in ["/metrics", "/healthz", "/", "/.well-known/oauth-protected-resource"] {
            let answer = self.stage.open(Method::GET, path, &Value::Null).await?;
            self.keep(path, &answer);
        }
        for workload in &self.stage.handle()?.snapshot().workloads {
            self.evidence.add(format!("the debug form of {}", workload.name), format!("{workload:?}"));
            for row in self.stage.journal(&workload.name).await? {
                self.evidence.add(format!("the journal of {}", workload.name), format!("{row:?}"));
            }
        }
        self.listen().await
    }

    pub(crate) async fn restart(&mut self) -> Outcome {
        self.evidence.add_files(&self.stage.profile().state_dir)?;
        self.stage.stop().await?;
        self.evidence.add_files(&self.stage.profile().state_dir)?;
        self.stage.start().await?;
        self.stage.until("linear", |workload| workload.status == Phase::Running).await?;
        assert_eq!(self.call("linear").await?, StatusCode::OK);
        Ok(())
    }

    /// Removes everything, and hands over what was gathered.
    pub(crate) async fn end(mut self) -> Outcome<Evidence> {
        let late = self.stage.server("late")?;
        late.resource(|rules| rules.challenge = Challenge::Late);
        self.api(Method::POST, "/workloads", &json!({ "name": "late", "url": late.mcp_url() })).await?;
        self.call("late").await?;
        for name in ["linear", "notion", "machine", "pasted", "late"] {
            self.api(Method::DELETE, &format!("/workloads/{name}"), &Value::Null).await?;
        }
        self.stage.stop().await?;
        self.evidence.add_files(&self.stage.profile().state_dir)?;
        for place in ["config.toml", "engine.json", "journal.db", "keys.json"] {
            assert!(self.evidence.covers(place), "{place} was looked at");
        }
        Ok(self.evidence)
    }

    async fn sign_in(&mut self, name: &str) -> Outcome {
        let approved = person::approve(&self.stage.begin_sign_in(name).await?).await?;
        self.visit("a sign-in", &approved).await?;
        self.stage.until(name, |workload| workload.status == Phase::Running).await?;
        Ok(())
    }

    /// Two requests of a local client. Its key is in what `endpoint` gives, and nowhere else.
    async fn call(&mut self, name: &str) -> Outcome<StatusCode> {
        let pinged = self.stage.call(name, &ping()).await?;
        self.keep(&format!("an answer of {name}"), &pinged);
        let called = self.stage.call(name, &tool("headers", &json!({}))).await?;
        // The tool says what went up, so the header that the person gave is meant to be in its answer.
        if called.status != StatusCode::OK {
            self.keep(&format!("an answer of {name}"), &called);
        }
        Ok(called.status)
    }

    async fn api(&mut self, method: Method, path: &str, body: &Value) -> Outcome<Answer> {
        let answer = self.stage.api(method.clone(), path, body).await?;
        self.keep(&format!("{method} {path}"), &answer);
        Ok(answer)
    }

    async fn visit(&mut self, what: &str, url: &Url) -> Outcome {
        let (_, page) = person::visit(url).await?;
        self.evidence.add(format!("the page after {what}"), page);
        Ok(())
    }

    /// The event stream up to its first snapshot, and all that was missed before.
    async fn listen(&mut self) -> Outcome {
        let mut endpoint = self.stage.endpoint("linear").await?;
        let mut url: Url = endpoint.url.parse()?;
        url.set_path("/api/v1/events");
        endpoint.url = url.into();
        let key = self.stage.engine_file()?["api_key"].as_str().context("no api_key")?.to_owned();
        endpoint.headers = vec![("authorization".to_owned(), format!("Bearer {key}"))];
        let request = endpoint.request(Method::GET).header("last-event-id", "0").body(<_>::default())?;
        let mut body = endpoint.open(request).await?.into_body();
        let mut text = String::new();
        while !(text.contains("event: snapshot") && text.contains("event: journal")) {
            let frame = soon("the next event", body.frame()).await?.context("the stream ended")??;
            if let Ok(data) = frame.into_data() {
                text.push_str(&String::from_utf8_lossy(&data));
            }
        }
        self.evidence.add("the event stream", text);
        Ok(())
    }

    fn keep(&mut self, place: &str, answer: &Answer) {
        self.evidence.add(place, format!("{:?}\n{}", answer.headers, String::from_utf8_lossy(&answer.body)));
    }
}
