//! What a token endpoint answers.

use jiff::Timestamp;
use lamplighter_core::verdict::{Answer as Judged, Content, Verdict, judge, word_to_repeat};
use lamplighter_engine::oauth::{Polled, TokenFailure, Tokens, read_token_answer};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::words::{CANARY, SENT, assert_hidden, has_canary};

pub(crate) fn token_answer(input: &[u8]) {
    let answer = Answer::read(input);
    let body = answer.body.clone().unwrap_or_default();
    let success = answer.status.is_success();
    match read_token_answer(&answer.fetched(), &[&SecretString::from(SENT)], Timestamp::UNIX_EPOCH) {
        Ok(tokens) => {
            assert!(success, "tokens come with a success");
            given(&tokens, &body);
        }
        Err(failure) => failed(&failure, &body),
    }
}

fn given(tokens: &Tokens, body: &[u8]) {
    let access_token = tokens.access_token.expose_secret();
    assert!(!access_token.is_empty() && access_token.bytes().all(|byte| byte.is_ascii_graphic()), "it can be sent");
    assert!(tokens.refresh_token.as_ref().is_none_or(|token| !token.expose_secret().is_empty()));
    if let Some(lifetime) = tokens.lifetime {
        assert!(!lifetime.is_zero() && lifetime.as_secs() <= 10 * 365 * 24 * 3600, "{lifetime:?} is believable");
    }
    if let Some(account) = &tokens.account {
        assert!(!account.is_empty() && !account.chars().any(char::is_control), "{account:?} is a label");
    }
    let kept = [Some(&tokens.access_token), tokens.refresh_token.as_ref()];
    if has_canary(body) && kept.iter().flatten().any(|token| token.expose_secret().contains(CANARY)) {
        assert_hidden(CANARY, &format!("{tokens:?}"));
    }
}

fn failed(failure: &TokenFailure, body: &[u8]) {
    assert_hidden(SENT, &format!("{failure:?}"));
    if let Some(excerpt) = &failure.excerpt {
        assert!(excerpt.len() <= 512 && !excerpt.chars().any(char::is_control), "{excerpt:?} fits into a log");
    }
    // As if the very same answer had come before.
    let verdict = judge(&failure.answer, word_to_repeat(&failure.answer));
    if let Verdict::Permanent { cause } = &verdict {
        assert!(error_word(body).is_some_and(|word| !word.is_empty()), "only the server's own word ends a grant");
        assert_hidden(SENT, &format!("{} {}", cause.code(), cause.sentence()));
        assert!(!cause.sentence().chars().any(char::is_control), "{:?} is a sentence", cause.sentence());
    }
    match Polled::of(failure) {
        Polled::Pending | Polled::SlowDown => assert!(matches!(content(&failure.answer), Some(Content::OAuthError(_)))),
        Polled::Unanswered { .. } => assert!(matches!(verdict, Verdict::Transient { .. })),
        Polled::Over(why) => assert_hidden(SENT, &why),
    }
}

fn content(answer: &Judged) -> Option<&Content> {
    match answer {
        Judged::Http { content, .. } => Some(content),
        Judged::Transport(_) | Judged::Tls => None,
    }
}

/// `error` of RFC 6749 section 5.2, read in another way than the product's.
fn error_word(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        error: &'a RawValue,
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let reply: Reply<'_> = serde_json::from_slice(body).ok()?;
    serde_json::from_str(reply.error.get()).ok()
}
