//! The query with which a browser comes back from a sign-in.

use lamplighter_engine::oauth::{Authorization, accept_callback, callback_state};
use secrecy::ExposeSecret;
use url::form_urlencoded;

use crate::words::{CANARY, assert_readable, has_canary};

const ISSUER: &str = "https://as.example";

pub(crate) fn callback(input: &[u8]) {
    let query = String::from_utf8_lossy(input);
    let values = |name: &str| -> Vec<String> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    };
    let issuers = values("iss");
    for iss_required in [false, true] {
        let flow = flow(iss_required);
        match accept_callback(&flow, &query) {
            Ok(code) => {
                assert!(!code.expose_secret().is_empty());
                assert!(values("error").is_empty(), "a refusal is no success");
                assert!(issuers.iter().all(|issuer| issuer == ISSUER), "it came from the server asked");
                assert!(!iss_required || !issuers.is_empty(), "it says so, where it must");
            }
            Err(error) => {
                assert_readable(&error.problem);
                if issuers.iter().any(|issuer| issuer != ISSUER) {
                    let bare = accept_callback(&flow, "iss=https://other.example").expect_err("another server");
                    assert_eq!(error.problem, bare.problem, "nothing of the callback is shown");
                }
                let code = has_canary(input) && values("code").iter().any(|code| code.contains(CANARY));
                assert!(!code || !error.problem.contains(CANARY), "a code is a secret");
            }
        }
    }
    if let Some(state) = callback_state(&query) {
        let mut again = form_urlencoded::Serializer::new(String::new());
        let again = again.append_pair("state", &state).finish();
        assert_eq!(callback_state(&again), Some(state), "what is written is read again");
    }
}

fn flow(iss_required: bool) -> Authorization {
    Authorization {
        url: "https://as.example/authorize".parse().unwrap(),
        state: "state".into(),
        verifier: "verifier".into(),
        redirect_uri: "http://127.0.0.1:4114/callback".parse().unwrap(),
        issuer: ISSUER.to_owned(),
        iss_required,
    }
}
