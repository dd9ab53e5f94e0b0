//! An OAuth client as simple as can be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplighter_simulator::{Endpoint, Server, person};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::raw::{Answer, Outcome, exchange};

pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:4114/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636";

/// A client registered at one server.
pub(crate) struct Client {
    pub(crate) server: Server,
    pub(crate) id: String,
}

/// What a token answer brought.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

impl Client {
    /// A public client, registered dynamically.
    pub(crate) async fn register(server: &Server) -> Outcome<Self> {
        let body = json!({ "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none" });
        let answer = register(server, &body).await?;
        let id = answer.json()?["client_id"].as_str().ok_or("no client_id")?.to_owned();
        Ok(Self { server: server.clone(), id })
    }

    /// The authorization request of this client, with `changes`: an empty value takes a parameter away.
    pub(crate) fn authorization_url(&self, changes: &[(&str, &str)]) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let resource = self.server.mcp_url().to_string();
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", REDIRECT_URI),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "a-state"),
            ("resource", &resource),
        ];
        for &(name, value) in changes {
            parameters.retain(|&(known, _)| known != name);
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        let mut url = self.server.url(Endpoint::Authorization);
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }

    /// A code, as the callback brings it.
    pub(crate) async fn code(&self) -> Outcome<String> {
        let callback = person::approve(&self.authorization_url(&[])).await?;
        Ok(parameter(&callback, "code").ok_or("no code")?)
    }

    pub(crate) async fn exchange(&self, code: &str, verifier: &str) -> Outcome<Answer> {
        self.ask(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", verifier),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Outcome<Answer> {
        self.ask(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// The whole sign-in.
    pub(crate) async fn sign_in(&self) -> Outcome<Tokens> {
        tokens(&self.exchange(&self.code().await?, VERIFIER).await?)
    }

    /// A token request of this client.
    pub(crate) async fn ask(&self, parameters: &[(&str, &str)]) -> Outcome<Answer> {
        let mut form = parameters.to_vec();
        form.push(("client_id", &self.id));
        post_form(&self.server.url(Endpoint::Token), &[], &form).await
    }
}

pub(crate) async fn register(server: &Server, body: &Value) -> Outcome<Answer> {
    let fields = [("Content-Type", "application/json")];
    exchange("POST", &server.url(Endpoint::Registration), &fields, &body.to_string()).await
}

pub(crate) async fn post_form(url: &Url, fields: &[(&str, &str)], form: &[(&str, &str)]) -> Outcome<Answer> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(fields);
    exchange("POST", url, &all, &body).await
}

pub(crate) fn tokens(answer: &Answer) -> Outcome<Tokens> {
    let document = answer.json()?;
    let access = document["access_token"].as_str().ok_or_else(|| format!("no access_token: {document}"))?.to_owned();
    Ok(Tokens { access, refresh: document["refresh_token"].as_str().map(str::to_owned) })
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The `error` of an answer, and its status.
pub(crate) fn refusal(answer: &Answer) -> Outcome<(u16, String)> {
    Ok((answer.status, answer.json()?["error"].as_str().ok_or("no error")?.to_owned()))
}
