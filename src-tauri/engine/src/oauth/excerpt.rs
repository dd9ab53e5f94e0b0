//! What of a stranger's answer may stand in a log: redacted first, then cut.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use super::words::tame;

/// In bytes.
const BOUND: usize = 512;

const HIDDEN: &str = "[…]";

/// An opaque run of characters this long may be a token.
const OPAQUE: usize = 20;

/// `body` without what was secret in the request, the values of members that hold secrets, and whatever looks like a
/// token; on one line, at most 512 bytes.
pub(super) fn excerpt(body: &[u8], secrets: &[&SecretString]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            redact(&mut value);
            value.to_string()
        }
        // Where it broke off, a token may be cut to a length at which nothing tells it from a word.
        Err(_) if body.trim_ascii_start().starts_with(b"{") => return format!("[{} bytes of broken JSON]", body.len()),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    cut(&mask(&tame(&without(&text, secrets), 8 * BOUND)))
}

/// `text` without `secrets`, as they are or as a form writes them: what a request carried, its answer may repeat
/// anywhere.
pub(super) fn without(text: &str, secrets: &[&SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty()) {
        let in_a_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, HIDDEN).replace(&in_a_form, HIDDEN);
    }
    text
}

/// Hides the strings under names that promise a secret.
fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if secret(name) && !member.is_null() {
                    *member = Value::from(HIDDEN);
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn secret(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["token", "secret", "password", "assertion", "code", "verifier", "session", "cookie", "credential"];
    const PLAIN: [&str; 4] = ["token_type", "error_code", "status_code", "error_codes"];
    let name = name.to_ascii_lowercase();
    !PLAIN.contains(&name.as_str()) && WORDS.iter().any(|word| name.contains(word))
}

/// Hides long runs that no language has: with digits, or with capitals after small letters.
fn mask(text: &str) -> String {
    let part_of_token = |character: char| character.is_ascii_alphanumeric() || "-_~+=".contains(character);
    let mut masked = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|character| !part_of_token(character)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        masked.push_str(if opaque(run) { HIDDEN } else { run });
        let next = after.find(part_of_token).unwrap_or(after.len());
        masked.push_str(&after[..next]);
        rest = &after[next..];
    }
    masked
}

fn opaque(run: &str) -> bool {
    let bytes = run.as_bytes();
    let digits = bytes.iter().any(u8::is_ascii_digit);
    let humps = bytes.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    bytes.len() >= 2 * OPAQUE || (bytes.len() >= OPAQUE && (digits || humps))
}

fn cut(text: &str) -> String {
    if text.len() <= BOUND {
        return text.to_owned();
    }
    let mut end = BOUND - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_wrote_stays_and_what_machines_made_goes() {
        let table = [
            ("<html>\n <h1>Blocked</h1>", "<html> <h1>Blocked</h1>"),
            (
                r#"{"error":"temporarily_unavailable","code":"x"}"#,
                r#"{"code":"[…]","error":"temporarily_unavailable"}"#,
            ),
            (
                r#"{"a":[{"session_id":7}],"token_type":"Bearer"}"#,
                r#"{"a":[{"session_id":"[…]"}],"token_type":"Bearer"}"#,
            ),
            (r#"{"access_token":"at-from-an-impos"#, "[33 bytes of broken JSON]"),
            ("at eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0 end", "at [….[…] end"),
            ("id 0123456789abcdef0123", "id […]"),
            ("an unsupported_response_type, really", "an unsupported_response_type, really"),
            ("", ""),
        ];
        for (body, expected) in table {
            assert_eq!(excerpt(body.as_bytes(), &[]), expected.replace("[….", "[…]."));
        }
    }

    #[test]
    fn a_secret_that_is_repeated_is_hidden_however_it_is_written() {
        let secret = SecretString::from("a/b c");
        assert_eq!(excerpt(b"it was a/b c or a%2Fb+c", &[&secret]), "it was […] or […]");
    }

    proptest! {
        #[test]
        fn it_is_short_and_on_one_line(body in prop::collection::vec(any::<u8>(), 0..3000)) {
            let excerpt = excerpt(&body, &[]);
            prop_assert!(excerpt.len() <= BOUND && !excerpt.chars().any(char::is_control));
        }

        #[test]
        fn no_secret_survives(before in "\\PC{0,40}", secret in "[A-Za-z0-9._~+/-]{12,60}", after in "\\PC{0,40}") {
            let hidden = SecretString::from(secret.clone());
            let excerpt = excerpt(format!("{before}{secret}{after}").as_bytes(), &[&hidden]);
            prop_assert!(!excerpt.contains(&secret));
        }
    }
}
