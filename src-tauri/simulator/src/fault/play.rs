//! How each fault looks on the wire. Must not know what the endpoints do.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, Response, StatusCode};
use http_body_util::BodyExt as _;

use super::{Fault, Loss, Met, RetryAfter, bomb};
use crate::clock::{Time, pause};
use crate::wire::{self, Answer, Body, Cut};

impl Met {
    /// Answers in the manner of the fault; does `work` only where the fault says so.
    pub(crate) async fn play(self, time: &Time, work: impl FnOnce() -> Response<Body>) -> Answer {
        match self.fault {
            Fault::Close => Err(Cut::Close),
            Fault::Reset => Err(Cut::Reset),
            Fault::Hang => {
                self.lifted.await;
                Err(Cut::Close)
            }
            // Hands control back once, so that the first half is on the wire before the end.
            Fault::Midway => break_off(impostor(TOKEN_ANSWER), tokio::task::yield_now()).await,
            Fault::Stall => break_off(impostor(TOKEN_ANSWER), self.lifted).await,
            Fault::Page(status) => Ok(wire::page(status, "Access to this site", "Please see your administrator.")),
            Fault::Redirect(status, to) => Ok(wire::with(wire::page(status, "Moved", "Log in here."), LOCATION, &to)),
            Fault::Text(status, text) => Ok(wire::reply(status, "text/plain", text)),
            Fault::Json(status, document) => Ok(wire::json(status, &document)),
            Fault::Empty(status) => Ok(wire::empty(status)),
            Fault::Truncated => Ok(impostor(&TOKEN_ANSWER[..TOKEN_ANSWER.len() / 2])),
            Fault::Oversized => Ok(oversized()),
            Fault::Endless => {
                let blank = Bytes::from_static(&[b' '; 8192]);
                Ok(wire::streamed(StatusCode::OK, "application/json", stream::repeat_with(move || Ok(blank.clone()))))
            }
            Fault::Headers => Ok((0..64).fold(impostor(TOKEN_ANSWER), |answer, number| {
                let name = HeaderName::try_from(format!("x-padding-{number}"));
                name.map_or_else(|_| wire::empty(StatusCode::OK), |name| wire::with(answer, name, &"x".repeat(20_000)))
            })),
            Fault::Compressed => {
                Ok(wire::with(wire::reply(StatusCode::OK, "application/json", bomb::gzip()), CONTENT_ENCODING, "gzip"))
            }
            Fault::OAuthError(status, error) => Ok(wire::oauth_error(status, &error, "as scripted")),
            Fault::Busy(status, retry_after) => {
                let page = wire::page(status, "Busy", "Please come back later.");
                Ok(wire::with(page, RETRY_AFTER, &retry_after.to_field(time)))
            }
            Fault::Delay(span) => {
                pause(span).await;
                Ok(work())
            }
            Fault::Late(span) => {
                let answer = work();
                pause(span).await;
                Ok(answer)
            }
            Fault::Drip(every) => drip(work(), every).await,
            Fault::Mislabelled(content_type) => Ok(wire::with(work(), CONTENT_TYPE, content_type)),
            Fault::Lost(Loss::Unanswered) => {
                work();
                Err(Cut::Close)
            }
            Fault::Lost(Loss::Reset) => {
                work();
                Err(Cut::Reset)
            }
            Fault::Lost(Loss::Midway) => break_off(work(), tokio::task::yield_now()).await,
        }
    }
}

impl RetryAfter {
    fn to_field(&self, time: &Time) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date(span) => wire::http_date(time.wall().saturating_add(*span).unwrap_or(jiff::Timestamp::MAX)),
            Self::Raw(text) => text.clone(),
        }
    }
}

/// A token answer that no ledger knows.
const TOKEN_ANSWER: &str =
    r#"{"access_token":"lamp-canary-at-from-an-impostor","token_type":"Bearer","expires_in":3600}"#;

fn impostor(body: &'static str) -> Response<Body> {
    wire::reply(StatusCode::OK, "application/json", body)
}

/// The first half of `response`; the connection is closed `then`.
async fn break_off(response: Response<Body>, then: impl Future<Output = ()> + Send + 'static) -> Answer {
    let (mut head, body) = response.into_parts();
    let whole = body.collect().await?.to_bytes();
    head.headers.insert(CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    let pieces = stream::iter([Ok(half)]).chain(stream::once(async {
        then.await;
        Err(Cut::Close)
    }));
    Ok(Response::from_parts(head, wire::pieces(pieces)))
}

async fn drip(response: Response<Body>, every: Duration) -> Answer {
    let (mut head, body) = response.into_parts();
    let whole = body.collect().await?.to_bytes();
    head.headers.insert(CONTENT_LENGTH, whole.len().into());
    let pieces = stream::unfold(whole, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        pause(every).await;
        Some((Ok(rest.split_to(1)), rest))
    });
    Ok(Response::from_parts(head, wire::pieces(pieces)))
}

fn oversized() -> Response<Body> {
    const PADDING: Bytes = Bytes::from_static(&[b' '; 8192]);
    let padding = stream::repeat(PADDING).take((1 << 20) / PADDING.len()).map(Ok);
    wire::streamed(
        StatusCode::OK,
        "application/json",
        padding.chain(stream::iter([Ok(Bytes::from_static(TOKEN_ANSWER.as_bytes()))])),
    )
}
