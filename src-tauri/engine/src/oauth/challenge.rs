//! What a 401 or 403 asks for: `WWW-Authenticate`, read with patience for what real servers send.
//!
//! A crate would do for well-formed fields; the ones at hand give a whole field up at a token68
//! (`Negotiate YII=, Bearer …`) or at an address without quotes, and both are met in the wild.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use url::Url;

use super::Challenge;

impl Challenge {
    /// Reads every `WWW-Authenticate` of `headers`; `None` when no Bearer challenge is among them.
    ///
    /// Where there are several Bearer challenges, the first word on each matter counts.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut found: Option<Self> = None;
        for field in headers.get_all(WWW_AUTHENTICATE) {
            let field = String::from_utf8_lossy(field.as_bytes());
            let mut bearer = false;
            for item in split(&field) {
                let (scheme, parameters) = item_of(item);
                if let Some(scheme) = scheme {
                    bearer = scheme.eq_ignore_ascii_case("Bearer");
                }
                if bearer {
                    let challenge = found.get_or_insert_default();
                    for (name, value) in parameters {
                        challenge.take(name, value);
                    }
                }
            }
        }
        found
    }

    fn take(&mut self, name: &str, value: String) {
        if name.eq_ignore_ascii_case("resource_metadata") && self.resource_metadata.is_none() {
            self.resource_metadata = Url::parse(&value).ok();
        } else if name.eq_ignore_ascii_case("scope") && self.scopes.is_empty() {
            self.scopes = value.split_ascii_whitespace().map(str::to_owned).collect();
        } else if name.eq_ignore_ascii_case("error") && self.error.is_none() && !value.is_empty() {
            self.error = Some(value);
        }
    }
}

/// The items between the commas that stand outside quotes.
fn split(field: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    field
        .split(move |character| {
            let outside = !quoted;
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            outside && character == ','
        })
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// The scheme that an item opens, if it does, and its parameters; a token68 is passed over.
fn item_of(item: &str) -> (Option<&str>, Vec<(&str, String)>) {
    let Some((before, _)) = item.split_once('=') else {
        return (item.split_ascii_whitespace().next(), Vec::new());
    };
    let (scheme, mut rest) = match before.trim_end().split_once(|character: char| character.is_ascii_whitespace()) {
        Some((scheme, _)) => (Some(scheme), &item[scheme.len()..]),
        None => (None, item),
    };
    let mut parameters = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches(|character: char| character.is_ascii_whitespace() || character == ';');
        let (value, after) = value_of(after.trim_start());
        parameters.push((name, value));
        rest = after;
    }
    (scheme, parameters)
}

/// A quoted string, unescaped, or everything up to a blank; and what follows.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|character: char| character.is_ascii_whitespace()).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(fields: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(field).unwrap());
        }
        Challenge::read(&headers)
    }

    fn challenge(metadata: Option<&str>, scopes: &[&str], error: Option<&str>) -> Challenge {
        Challenge {
            resource_metadata: metadata.map(|url| Url::parse(url).unwrap()),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn reads_what_servers_send() {
        const META: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        let quoted = format!("resource_metadata=\"{META}\"");
        let bare = format!("Bearer resource_metadata={META}");
        let all = Some(challenge(Some(META), &["files:read", "files:write"], Some("insufficient_scope")));
        let scopes = "scope=\"files:read files:write\"";
        let table: Vec<(Vec<String>, Option<Challenge>)> = vec![
            (vec![], None),
            (vec!["Basic realm=\"x\"".into()], None),
            (vec!["Bearer".into()], Some(challenge(None, &[], None))),
            (vec!["bEARER".into()], Some(challenge(None, &[], None))),
            (vec![format!("Bearer error=\"insufficient_scope\", {scopes}, {quoted}")], all.clone()),
            (vec![format!("Bearer error=insufficient_scope,{scopes},{quoted}")], all.clone()),
            (vec![format!("Bearer  error = \"insufficient_scope\" ,\t{scopes} , {quoted},")], all.clone()),
            (vec![format!("Basic realm=\"a, Bearer b\", Bearer {quoted}")], Some(challenge(Some(META), &[], None))),
            (vec![format!("Negotiate YIIB==, Bearer {quoted}")], Some(challenge(Some(META), &[], None))),
            (vec![format!("Negotiate, Bearer {quoted}, Basic scope=\"no\"")], Some(challenge(Some(META), &[], None))),
            (vec!["Basic realm=\"x\"".into(), format!("Bearer {quoted}")], Some(challenge(Some(META), &[], None))),
            (vec![bare], Some(challenge(Some(META), &[], None))),
            (
                vec![format!("Bearer {scopes} {quoted}")],
                Some(challenge(Some(META), &["files:read", "files:write"], None)),
            ),
            (
                vec!["Bearer realm=\"say \\\"hi\\\", you\", error=\"invalid_token\"".into()],
                Some(challenge(None, &[], Some("invalid_token"))),
            ),
            (vec!["Bearer resource_metadata=\"no address\"".into()], Some(challenge(None, &[], None))),
            (vec!["Bearer error=\"unterminated".into()], Some(challenge(None, &[], Some("unterminated")))),
            (
                vec!["Bearer scope=\"a\"".into(), "Bearer scope=\"b\", error=\"e\"".into()],
                Some(challenge(None, &["a"], Some("e"))),
            ),
        ];
        for (fields, expected) in table {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            assert_eq!(read(&fields), expected, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
            let mut headers = HeaderMap::new();
            for field in fields {
                if let Ok(value) = HeaderValue::from_bytes(&field) {
                    headers.append(WWW_AUTHENTICATE, value);
                }
            }
            let _ = Challenge::read(&headers);
        }

        #[test]
        fn finds_the_bearer_challenge_wherever_it_stands(
            before in "[A-Za-z]{1,8}( [a-z]{1,5}=\"[ -!#-\\[\\]-~]{0,9}\"| [A-Za-z0-9+/]{1,9}={0,2})?",
            scope in "[a-z:]{1,12}",
        ) {
            prop_assume!(!before.to_ascii_lowercase().starts_with("bearer"));
            let found = read(&[&format!("{before}, Bearer scope=\"{scope}\"")]);
            prop_assert_eq!(found.map(|found| found.scopes), Some(vec![scope]));
        }
    }
}
