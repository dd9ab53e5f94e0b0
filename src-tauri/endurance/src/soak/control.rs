//! The engine's control API, as a program uses it that knows it is there.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::patience::{Stopwatch, pause};
use crate::product::Product;
use crate::wire::{Answer, Wire};

/// Longer than any way back that is not lost: an attempt without an answer takes half a minute.
const PATIENCE: Duration = Duration::from_mins(2);

/// One engine's API.
#[derive(Clone)]
pub(super) struct Control {
    wire: Wire,
    address: String,
    headers: HeaderMap,
}

impl Control {
    /// That of the engine that runs on the profile of `product`.
    pub(super) fn of(product: &Product) -> Self {
        let engine = product.engine_file();
        let key = format!("Bearer {}", engine["api_key"].as_str().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(key).unwrap());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { wire: Wire::new(), address: format!("http://{}", engine["address"].as_str().unwrap()), headers }
    }

    /// Adds a workload.
    pub(super) async fn add(&self, name: &str, url: &str) {
        let added = self.ask(Method::POST, "", &json!({ "name": name, "url": url })).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    }

    /// Removes a workload.
    pub(super) async fn remove(&self, name: &str) {
        let removed = self.ask(Method::DELETE, &format!("/{name}"), &json!({})).await;
        assert!(removed.status.is_success(), "{}", removed.body);
    }

    /// `stop`, `start` or `logout`.
    pub(super) async fn order(&self, name: &str, order: &str) {
        let taken = self.ask(Method::POST, &format!("/{name}/{order}"), &json!({})).await;
        assert!(taken.status.is_success(), "{order}: {}", taken.body);
    }

    /// Begins a sign-in; where the person goes.
    pub(super) async fn begin_sign_in(&self, name: &str) -> url::Url {
        let begun = self.ask(Method::POST, &format!("/{name}/login"), &json!({})).await;
        let begun: Value = serde_json::from_str(&begun.body).unwrap();
        let address = begun["authorization_url"].as_str().unwrap_or_else(|| panic!("no sign-in begins: {begun}"));
        address.parse().unwrap()
    }

    /// Waits until the workload is in this status, and says how long that took.
    pub(super) async fn until_is(&self, name: &str, status: &str) -> Duration {
        let watch = Stopwatch::start();
        loop {
            let now = self.ask(Method::GET, &format!("/{name}"), &Value::Null).await.body;
            if serde_json::from_str::<Value>(&now).unwrap()["status"] == status {
                return watch.elapsed();
            }
            assert!(watch.elapsed() < PATIENCE, "{name} should be {status}, and is {now}");
            pause(Duration::from_millis(100)).await;
        }
    }

    /// What `/metrics` says of `gauge` now.
    pub(super) async fn gauge(&self, gauge: &str) -> u64 {
        let text = self.wire.get_with(&format!("{}/metrics", self.address), &self.headers).await.body;
        let value = text.lines().find_map(|line| line.strip_prefix(gauge)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("no {gauge} in\n{text}"))
    }

    /// Follows what happens, as a window does.
    pub(super) async fn follow(&self) -> Option<Response<Incoming>> {
        self.wire.open(&format!("{}/api/v1/events", self.address), &self.headers).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = format!("{}/api/v1/workloads{path}", self.address);
        let answer = self.wire.send(method, &url, &self.headers, body.to_string()).await;
        answer.unwrap_or_else(|| panic!("{url} gave no answer"))
    }
}
