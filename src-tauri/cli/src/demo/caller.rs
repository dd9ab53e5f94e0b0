//! A client of one workload: calls a tool through the local endpoint again and again, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, header};
use lamplighter_core::config::Environment;
use lamplighter_engine::engine::Handle;
use lamplighter_engine::http::HttpClient;
use lamplighter_engine::ports::Clock;
use secrecy::ExposeSecret as _;
use tokio::task::JoinHandle;

use super::Result;

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}}"#;
const ANSWER_BOUND: usize = 64 * 1024;

/// How the calls went.
#[derive(Default)]
pub(super) struct Tally {
    /// Answered by the server.
    pub(super) served: AtomicU64,
    /// Refused with 503 and a `Retry-After`, at once and in words.
    pub(super) refused: AtomicU64,
    /// Anything else: there should be none.
    pub(super) failed: AtomicU64,
}

/// A client at work, until it is dropped.
pub(super) struct Caller {
    pub(super) tally: Arc<Tally>,
    task: JoinHandle<()>,
}

impl Caller {
    /// Starts calling the workload `name`, every `pause`.
    pub(super) async fn start(name: &str, handle: &Handle, clock: Arc<dyn Clock>, pause: Duration) -> Result<Self> {
        let endpoint = handle.workload(name)?.endpoint;
        let authorization = format!("Bearer {}", handle.endpoint_key().await?.expose_secret());
        let http = HttpClient::new(&Environment::new())?;
        let tally = Arc::new(Tally::default());
        let counting = Arc::clone(&tally);
        let task = tokio::spawn(async move {
            loop {
                let request = Request::post(&endpoint)
                    .header(header::AUTHORIZATION, &authorization)
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::ACCEPT, "application/json, text/event-stream")
                    .body(CALL.as_bytes().to_vec());
                let counter = match request {
                    Ok(request) => counting.counter(&http, request).await,
                    Err(_) => &counting.failed,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                clock.sleep_until(clock.now().moment + pause).await;
            }
        });
        Ok(Self { tally, task })
    }
}

impl Tally {
    async fn counter(&self, http: &HttpClient, request: Request<Vec<u8>>) -> &AtomicU64 {
        match http.fetch(request, ANSWER_BOUND).await {
            Ok(answer) if answer.status.is_success() => &self.served,
            Ok(answer) if answer.status == 503 && answer.headers.contains_key(header::RETRY_AFTER) => &self.refused,
            Ok(_) | Err(_) => &self.failed,
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.task.abort();
    }
}
