//! Every row of the verdict table.

use std::time::Duration;

use lamplighter_core::condition::{Cause, Transport};
use lamplighter_core::verdict::{Answer, Content, Verdict, judge, word_to_repeat};

const WAIT: Duration = Duration::from_secs(7);

fn http(status: u16, content: Content) -> Answer {
    Answer::Http { status, content, retry_after: Some(WAIT) }
}

fn error(status: u16, word: &str) -> Answer {
    http(status, Content::OAuthError(word.to_owned()))
}

fn weather(cause: Cause) -> Verdict {
    Verdict::Transient { cause, floor: None }
}

fn patience(cause: Cause) -> Verdict {
    Verdict::Transient { cause, floor: Some(WAIT) }
}

fn word(word: &str) -> Cause {
    Cause::OAuth(word.to_owned())
}

fn contents() -> [Content; 6] {
    [
        Content::Page,
        Content::OAuthError("invalid_grant".to_owned()),
        Content::OAuthError("bad_refresh_token".to_owned()),
        Content::Token,
        Content::OtherJson,
        Content::Unreadable,
    ]
}

#[test]
fn whatever_happens_on_the_way_is_weather() {
    let ways = [
        Transport::Dns,
        Transport::Refused,
        Transport::Unreachable,
        Transport::Reset,
        Transport::Timeout,
        Transport::Closed,
        Transport::Offline,
        Transport::Malformed,
        Transport::Exhausted,
    ];
    for way in ways {
        assert_eq!(judge(&Answer::Transport(way), None), weather(Cause::Transport(way)));
    }
    assert_eq!(judge(&Answer::Tls, None), weather(Cause::Tls));
}

#[test]
fn a_redirect_is_a_captive_portal_whatever_it_holds() {
    for status in [300, 301, 302, 303, 307, 308, 399] {
        for content in contents() {
            assert_eq!(judge(&http(status, content), None), weather(Cause::CaptivePortal { status }));
        }
    }
}

#[test]
fn a_web_page_in_place_of_a_token_is_a_captive_portal() {
    for status in [200, 204, 299] {
        assert_eq!(judge(&http(status, Content::Page), None), weather(Cause::CaptivePortal { status }));
    }
}

#[test]
fn a_refusal_that_is_not_oauth_is_a_firewall() {
    for status in [400, 401, 403, 404, 407, 451, 499] {
        assert_eq!(judge(&http(status, Content::Page), None), weather(Cause::Firewall { status, page: true }));
        for content in [Content::Token, Content::OtherJson, Content::Unreadable] {
            assert_eq!(judge(&http(status, content), None), weather(Cause::Firewall { status, page: false }));
        }
    }
}

#[test]
fn patience_is_believed_whatever_the_body() {
    for status in [500, 502, 503, 504, 599, 429, 408, 425] {
        for content in contents() {
            assert_eq!(
                judge(&http(status, content), Some("bad_refresh_token")),
                patience(Cause::ServerBusy { status })
            );
        }
    }
    let no_wait = Answer::Http { status: 503, content: Content::Page, retry_after: None };
    assert_eq!(judge(&no_wait, None), weather(Cause::ServerBusy { status: 503 }));
}

#[test]
fn what_cannot_be_understood_is_weather() {
    for content in [Content::Unreadable, Content::OtherJson, Content::Token] {
        assert_eq!(judge(&http(200, content), None), weather(Cause::Unreadable));
    }
    for status in [0, 100, 199, 600, 999] {
        for content in contents() {
            assert_eq!(judge(&http(status, content), Some("bad_refresh_token")), weather(Cause::Unreadable));
        }
    }
}

#[test]
fn words_that_say_they_will_pass_are_believed() {
    for text in ["temporarily_unavailable", "server_error", "slow_down"] {
        for status in [200, 400, 401, 403] {
            for before in [None, Some(text)] {
                assert_eq!(judge(&error(status, text), before), patience(word(text)));
            }
            assert_eq!(word_to_repeat(&error(status, text)), None);
        }
    }
}

#[test]
fn words_that_end_a_grant_end_it_at_once() {
    let words = [
        "invalid_grant",
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "invalid_target",
        "access_denied",
        "unsupported_grant_type",
        "interaction_required",
        "consent_required",
        "login_required",
    ];
    for text in words {
        for status in [200, 400, 401, 403] {
            assert_eq!(judge(&error(status, text), None), Verdict::Permanent { cause: word(text) });
            assert_eq!(word_to_repeat(&error(status, text)), None);
        }
    }
}

#[test]
fn any_other_word_must_be_said_twice_running() {
    for text in ["invalid_request", "bad_refresh_token", "INVALID_GRANT", ""] {
        for status in [200, 400, 401] {
            let answer = error(status, text);
            assert_eq!(judge(&answer, None), patience(word(text)));
            assert_eq!(judge(&answer, Some("another_word")), patience(word(text)));
            assert_eq!(judge(&answer, Some(text)), Verdict::Permanent { cause: word(text) });
            assert_eq!(word_to_repeat(&answer), Some(text));
        }
        for status in [302, 429, 408, 425, 500, 503, 100, 600] {
            assert_eq!(word_to_repeat(&error(status, text)), None, "no word is taken from a {status}");
        }
    }
    for content in [Content::Page, Content::Token, Content::OtherJson, Content::Unreadable] {
        assert_eq!(word_to_repeat(&http(400, content)), None);
    }
    assert_eq!(word_to_repeat(&Answer::Tls), None);
    assert_eq!(word_to_repeat(&Answer::Transport(Transport::Reset)), None);
}

#[test]
fn the_status_code_is_told_where_there_was_one() {
    assert_eq!(http(418, Content::Page).http_status(), Some(418));
    assert_eq!(Answer::Tls.http_status(), None);
    assert_eq!(Answer::Transport(Transport::Dns).http_status(), None);
}
