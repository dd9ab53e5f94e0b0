//! Which header fields travel, and how they change on the way. Knows no workload and no body.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, TE, TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// The fields of a request as they go up: the local key, `Host` and `Origin` stay here, `given` is set,
/// and `authorization` last, where there is one.
#[must_use]
pub fn upward(
    local: &HeaderMap,
    given: &[(HeaderName, HeaderValue)],
    authorization: Option<&HeaderValue>,
) -> HeaderMap {
    let trailers_wanted = local.get_all(TE).iter().any(|value| lists(value, "trailers"));
    let mut fields = local.clone();
    remove_hop_by_hop(&mut fields);
    if trailers_wanted {
        // Without the `Connection: TE` of HTTP/1.1: which version the upstream speaks is not known yet, and in
        // HTTP/2 that would cost the field itself.
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
    for name in [AUTHORIZATION, HOST, ORIGIN] {
        fields.remove(name);
    }
    for (name, value) in given {
        fields.insert(name, value.clone());
    }
    if let Some(authorization) = authorization {
        fields.insert(AUTHORIZATION, authorization.clone());
    }
    fields
}

/// Takes out of an answer what the client must not see: challenges, so that it starts no login of its own,
/// and what concerns the connection to the upstream only.
pub fn downward(fields: &mut HeaderMap) {
    remove_hop_by_hop(fields);
    fields.remove(WWW_AUTHENTICATE);
}

/// Takes out the fields that concern one connection only (RFC 9110 section 7.6.1).
fn remove_hop_by_hop(fields: &mut HeaderMap) {
    let named: Vec<HeaderName> = fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        fields.remove(name);
    }
    // Of two framings the length loses, and must not be heard of again (RFC 9112 section 6.3).
    if fields.contains_key(TRANSFER_ENCODING) {
        fields.remove(CONTENT_LENGTH);
    }
    for name in [CONNECTION, PROXY_CONNECTION, KEEP_ALIVE, TE, TRANSFER_ENCODING, UPGRADE] {
        fields.remove(name);
    }
}

/// Whether a comma-separated list has the member `word`, whatever its weight.
fn lists(value: &HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|list| {
        list.split(',').any(|member| {
            let (name, _weight) = member.split_once(';').unwrap_or((member, ""));
            name.trim().eq_ignore_ascii_case(word)
        })
    })
}
