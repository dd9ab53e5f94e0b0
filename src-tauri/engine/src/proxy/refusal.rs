//! What a local client is told instead of an answer: JSON-RPC errors that say what is wrong, what to do and
//! when to come back.

use axum::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use lamplighter_core::condition::{self, Cause, Trouble, UpstreamFault};
use lamplighter_core::{Moment, Phase, Status};
use serde::Serialize;
use serde_json::Value;

use crate::metrics::Outcome;
use crate::server::reply;

/// No usable token.
const NO_TOKEN: i32 = -32001;
/// The upstream is out of reach.
const OUT_OF_REACH: i32 = -32002;

/// How long a client waits where only a person can help.
const UNTIL_A_PERSON_HELPS: u64 = 60;
/// How long a client waits for an upstream that is out of reach.
const UNTIL_THE_UPSTREAM_IS_BACK: u64 = 5;

/// Why a request is not answered by the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no usable token, as the status tells.
    NoToken,
    /// A token is being renewed; that takes longer than a caller waits, or the request cannot be sent again.
    Soon,
    /// The server asks for more access (RFC 6750 section 3.1).
    NeedsMoreAccess(Vec<String>),
    /// The upstream cannot be reached.
    Unreachable(UpstreamFault),
    /// It cannot be forwarded as it is; the sentence says why.
    BadRequest(&'static str),
}

#[derive(Serialize)]
struct Envelope<'a> {
    jsonrpc: &'static str,
    id: &'a Value,
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: i32,
    message: &'a str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    status: Phase,
    retry_after_seconds: Option<u64>,
    reason: Option<&'a str>,
    remedy: Option<&'a str>,
}

/// The words of a refusal.
struct Words {
    http: StatusCode,
    code: i32,
    status: Phase,
    retry_after: Option<u64>,
    message: String,
    reason: Option<String>,
    remedy: Option<String>,
}

impl Refusal {
    /// How it is counted.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::NoToken | Self::Soon => Outcome::Refused,
            Self::NeedsMoreAccess(_) => Outcome::NeedsMoreAccess,
            Self::Unreachable(_) => Outcome::Unreachable,
            Self::BadRequest(_) => Outcome::BadRequest,
        }
    }

    /// The answer to the request `id` of the workload `name`, whose status is `status` at `now`.
    pub(super) fn answer(self, name: &str, status: &Status, now: Moment, id: &Value) -> Response<Body> {
        let words = match self {
            Self::NoToken => {
                let seconds = retry_after(status, now);
                Words::no_token(name, status, seconds, &format!("next try in {}", span(seconds)))
            }
            Self::Soon => Words::no_token(name, status, 1, "it is being tried just now"),
            Self::NeedsMoreAccess(scopes) => Words::needs_more_access(name, status, scopes),
            Self::Unreachable(fault) => Words::unreachable(name, status, fault),
            Self::BadRequest(why) => return reply::problem(StatusCode::BAD_REQUEST, "bad_request", why),
        };
        words.answer(id)
    }
}

impl Words {
    fn no_token(name: &str, status: &Status, retry_after: u64, next_try: &str) -> Self {
        Self {
            http: StatusCode::SERVICE_UNAVAILABLE,
            code: NO_TOKEN,
            status: status.phase,
            retry_after: Some(retry_after),
            message: format!("{name} {}", doing(status, next_try)),
            reason: status.cause.as_ref().map(Cause::sentence),
            remedy: condition::remedy(name, status.grant, status.phase, status.cause.as_ref(), &status.conditions),
        }
    }

    fn needs_more_access(name: &str, status: &Status, scopes: Vec<String>) -> Self {
        let condition = Trouble::NeedsMoreAccess(scopes).describe(name, status.grant);
        Self {
            http: StatusCode::FORBIDDEN,
            code: NO_TOKEN,
            status: status.phase,
            retry_after: None,
            message: format!("{name} needs more access than it was given"),
            reason: Some(condition.text),
            remedy: Some(condition.remedy),
        }
    }

    fn unreachable(name: &str, status: &Status, fault: UpstreamFault) -> Self {
        let cause = Cause::Upstream(fault);
        Self {
            http: StatusCode::BAD_GATEWAY,
            code: OUT_OF_REACH,
            status: Phase::Unhealthy,
            retry_after: Some(UNTIL_THE_UPSTREAM_IS_BACK),
            message: format!("{name} cannot be reached: {}", cause.sentence()),
            remedy: condition::remedy(name, status.grant, Phase::Unhealthy, Some(&cause), &status.conditions),
            reason: Some(cause.sentence()),
        }
    }

    fn answer(&self, id: &Value) -> Response<Body> {
        let data = Data {
            status: self.status,
            retry_after_seconds: self.retry_after,
            reason: self.reason.as_deref(),
            remedy: self.remedy.as_deref(),
        };
        let error = Error { code: self.code, message: &self.message, data };
        let body = serde_json::to_vec(&Envelope { jsonrpc: "2.0", id, error }).unwrap_or_default();
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = self.http;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

/// Whole seconds to the next attempt, 1 at least.
fn retry_after(status: &Status, now: Moment) -> u64 {
    match (status.phase, status.next_attempt) {
        (Phase::Unauthenticated, _) | (_, None) => UNTIL_A_PERSON_HELPS,
        (_, Some(next)) => u64::try_from(next.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1),
    }
}

/// What the workload is doing, as the rest of a sentence that begins with its name.
fn doing(status: &Status, next_try: &str) -> String {
    match status.phase {
        Phase::Starting => "is starting".to_owned(),
        Phase::Running | Phase::Unhealthy => "is renewing its sign-in".to_owned(),
        Phase::AuthRetrying => format!("is waiting for {}: {next_try}", awaited(status.cause.as_ref())),
        Phase::Unauthenticated => condition::lacking(status.grant).to_owned(),
        Phase::Stopping | Phase::Stopped => "is stopped".to_owned(),
        Phase::Error => "cannot run as it is configured".to_owned(),
        Phase::Removing => "is being removed".to_owned(),
        Phase::Unknown => "is not ready yet".to_owned(),
        Phase::PolicyStopped => "is stopped by policy".to_owned(),
    }
}

/// What an episode waits for.
fn awaited(cause: Option<&Cause>) -> &'static str {
    match cause {
        Some(Cause::Transport(_) | Cause::Tls | Cause::CaptivePortal { .. } | Cause::Firewall { .. }) | None => {
            "the network"
        }
        Some(Cause::Store(_)) => "the secret store",
        Some(
            Cause::ServerBusy { .. }
            | Cause::Unreadable
            | Cause::OAuth(_)
            | Cause::Ceiling
            | Cause::NoRefreshToken
            | Cause::SignInNeeded
            | Cause::SignedOut
            | Cause::RefusedByServer
            | Cause::Upstream(_)
            | Cause::SignIn(_),
        ) => "its sign-in server",
    }
}

/// A span as people say it.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", (seconds + 30) / 60),
        3600.. => format!("{} h", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use lamplighter_core::condition::{StoreFault, Transport};
    use lamplighter_core::config::GrantKind;
    use lamplighter_core::status::Gate;

    use super::*;

    fn status(phase: Phase, cause: Option<Cause>) -> Status {
        Status {
            grant: GrantKind::AuthorizationCode,
            phase,
            cause,
            since: jiff::Timestamp::UNIX_EPOCH,
            gate: Gate::Refuse,
            usable: None,
            next_attempt: (phase == Phase::AuthRetrying).then(|| Moment::from_millis(90_000)),
            ends: None,
            expires: None,
            last_success: None,
            signing_in: false,
            under_way: false,
            mends_quietly: false,
            conditions: Vec::new(),
        }
    }

    fn words(refusal: &Refusal, phase: Phase, cause: Option<Cause>) -> (String, String) {
        use futures_util::FutureExt;
        use http_body_util::BodyExt;

        let answer = refusal.clone().answer("linear", &status(phase, cause), Moment::from_millis(0), &Value::Null);
        let seconds = answer.headers()[RETRY_AFTER].to_str().unwrap().to_owned();
        let body = answer.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["data"]["status"], serde_json::to_value(phase).unwrap());
        assert_eq!(body["error"]["data"]["retry_after_seconds"].to_string(), seconds);
        (body["error"]["message"].as_str().unwrap().to_owned(), seconds)
    }

    #[test]
    fn the_message_says_what_the_workload_is_doing() {
        for (phase, cause, message, seconds) in [
            (Phase::AuthRetrying, Some(Cause::Tls), "linear is waiting for the network: next try in 2 min", "90"),
            (
                Phase::AuthRetrying,
                Some(Cause::ServerBusy { status: 503 }),
                "linear is waiting for its sign-in server: next try in 2 min",
                "90",
            ),
            (
                Phase::AuthRetrying,
                Some(Cause::Store(StoreFault::Locked)),
                "linear is waiting for the secret store: next try in 2 min",
                "90",
            ),
            (Phase::Unauthenticated, Some(Cause::SignedOut), "linear needs you to sign in", "60"),
            (Phase::Stopped, None, "linear is stopped", "60"),
            (Phase::Removing, None, "linear is being removed", "60"),
            (Phase::Error, None, "linear cannot run as it is configured", "60"),
            (Phase::PolicyStopped, None, "linear is stopped by policy", "60"),
        ] {
            assert_eq!(words(&Refusal::NoToken, phase, cause), (message.to_owned(), seconds.to_owned()));
        }
    }

    #[test]
    fn what_is_asked_of_the_person_is_what_the_grant_knows() {
        use futures_util::FutureExt;
        use http_body_util::BodyExt;

        for (grant, message, remedy) in [
            (GrantKind::AuthorizationCode, "linear needs you to sign in", "`lamplighter login linear`"),
            (GrantKind::ClientCredentials, "linear is not signed in", "`lamplighter retry linear`"),
            (GrantKind::Bearer, "linear needs a new token", "--bearer-stdin`"),
        ] {
            let status = Status { grant, ..status(Phase::Unauthenticated, Some(Cause::RefusedByServer)) };
            let needs_more = Refusal::NeedsMoreAccess(vec!["mail".to_owned()]);
            let told = |refusal: Refusal| {
                let answer = refusal.answer("linear", &status, Moment::from_millis(0), &Value::Null);
                let body = answer.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
                serde_json::from_slice::<Value>(&body).unwrap()["error"].take()
            };
            let error = told(Refusal::NoToken);
            assert_eq!(error["message"], message);
            for error in [error, told(needs_more)] {
                assert!(error["data"]["remedy"].as_str().unwrap().contains(remedy), "{error}");
            }
        }
    }

    #[test]
    fn soon_is_in_a_second_whenever_the_next_try_is() {
        for (phase, message) in [
            (Phase::Starting, "linear is starting"),
            (Phase::Running, "linear is renewing its sign-in"),
            (Phase::AuthRetrying, "linear is waiting for the network: it is being tried just now"),
        ] {
            let cause = Some(Cause::Transport(Transport::Timeout));
            assert_eq!(words(&Refusal::Soon, phase, cause), (message.to_owned(), "1".to_owned()));
        }
    }

    #[test]
    fn spans_are_told_as_people_say_them() {
        for (seconds, words) in [
            (1, "1 s"),
            (59, "59 s"),
            (60, "1 min"),
            (89, "1 min"),
            (90, "2 min"),
            (412, "7 min"),
            (3600, "1 h"),
            (9000, "3 h"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }
}
