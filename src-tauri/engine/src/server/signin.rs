//! What the page at `/signin` asks for first: a session's key for the one-time code that its address had.

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::reply;
use crate::keys::Keyring;
use crate::ports::Clock;

/// The longest request body that is read, in bytes.
const BODY_BOUND: usize = 4096;

#[derive(Deserialize, utoipa::ToSchema)]
struct Exchange {
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

#[derive(Serialize)]
struct Session {
    #[serde(serialize_with = "crate::profile::reveal")]
    key: SecretString,
}

/// Uses up the code in `body`, and answers with a session's key.
pub(super) async fn exchange<B>(body: B, keyring: &Keyring, clock: &dyn Clock) -> Response<Body>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let body = match Limited::new(body, BODY_BOUND).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("the request body is longer than {BODY_BOUND} bytes");
            return reply::problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &detail);
        }
        Err(_) => return reply::problem(StatusCode::BAD_REQUEST, "malformed", "the request body broke off"),
    };
    let Exchange { code } = match crate::api::parse_body(&body) {
        Ok(exchange) => exchange,
        Err(problem) => return problem.into_response(),
    };
    match keyring.redeem(code.expose_secret(), clock.now().moment) {
        Ok(Some(key)) => reply::json(StatusCode::OK, &Session { key }),
        Ok(None) => reply::hinted(
            StatusCode::FORBIDDEN,
            "code_refused",
            "this address was used before, or is older than 15 minutes",
            "`lamplighter open` gives a new one",
        ),
        Err(error) => {
            let detail = format!("no key can be made: {error}");
            reply::problem(StatusCode::SERVICE_UNAVAILABLE, "no_key", &detail)
        }
    }
}
