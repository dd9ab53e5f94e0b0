//! Bodies of requests to the control API.

use lamplighter_engine::api::{LoginRequest, NewWorkloadRequest, PastedCallback, Problem, WindowRequest, parse_body};
use lamplighter_engine::settings::ChangedSettings;
use secrecy::{ExposeSecret, SecretString};

use crate::words::{CANARY, assert_hidden, assert_readable, has_canary};

pub(crate) fn api_body(input: &[u8]) {
    let _: Option<LoginRequest> = checked(parse_body(input));
    let _: Option<WindowRequest> = checked(parse_body(input));
    let _: Option<ChangedSettings> = checked(parse_body(input));
    if let Some(pasted) = checked(parse_body::<PastedCallback>(input)) {
        shows_none(input, [&pasted.url], &format!("{pasted:?}"));
    }
    let Some(request) = checked(parse_body::<NewWorkloadRequest>(input)) else { return };
    let secrets: Vec<SecretString> =
        request.client_secret.iter().chain(&request.bearer).chain(request.headers.values()).cloned().collect();
    shows_none(input, &secrets, &format!("{request:?}"));
    match request.parse() {
        Ok(workload) => {
            shows_none(input, &secrets, &format!("{workload:?}"));
            assert!(matches!(workload.url.scheme(), "https" | "http"));
        }
        Err(problem) => {
            shows_none(input, &secrets, &format!("{problem:?}"));
            checked::<()>(Err(problem));
        }
    }
}

/// What was parsed; a problem is a sentence that names its field.
fn checked<T>(parsed: Result<T, Problem>) -> Option<T> {
    match parsed {
        Ok(parsed) => Some(parsed),
        Err(problem) => {
            assert_readable(&problem.detail);
            assert!(matches!(problem.status, 400 | 422));
            assert_eq!(problem.field.is_some(), problem.status == 422, "{problem:?}");
            problem.hint.as_deref().map(assert_readable);
            None
        }
    }
}

fn shows_none<'a>(input: &[u8], secrets: impl IntoIterator<Item = &'a SecretString>, shown: &str) {
    if has_canary(input) && secrets.into_iter().any(|secret| secret.expose_secret().contains(CANARY)) {
        assert_hidden(CANARY, shown);
    }
}
