//! What a local client asks of a workload: the target of its request, and the fields.

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, TE, TRANSFER_ENCODING, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use lamplighter_engine::proxy::{downward, target, upward};
use url::Url;

use crate::answer::fields;

const UPSTREAMS: [&str; 5] = [
    "https://mcp.example/mcp",
    "https://mcp.example/",
    "https://mcp.example/a/b/",
    "https://mcp.example:8443/mcp?key=1",
    "http://[::1]:9000/mcp",
];

/// What follows `/linear/mcp` in a request line.
pub(crate) fn proxy_target(input: &[u8]) {
    let line: Vec<u8> = b"/linear/mcp".iter().chain(input).copied().collect();
    let Ok(asked) = Uri::try_from(line) else { return };
    let Some(below) = asked.path().strip_prefix("/linear/mcp") else { return };
    if !below.is_empty() && !below.starts_with('/') {
        return;
    }
    for upstream in UPSTREAMS {
        let upstream = Url::parse(upstream).unwrap();
        let Some(uri) = target(&upstream.as_str().parse().expect("an address"), below, asked.query()) else { continue };
        // As a server reads it that resolves dot segments, takes a backslash for a slash, and decodes first.
        for read in [uri.to_string(), decoded(&uri.to_string())] {
            let url = Url::parse(&read).expect("an address");
            assert_eq!(url.origin(), upstream.origin(), "{uri} stays with its server");
            let endpoint = upstream.path().trim_end_matches('/');
            let rest = url.path().strip_prefix(endpoint);
            assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')), "{uri} leads out of {upstream}");
        }
        let query = uri.query().unwrap_or_default();
        let own = upstream.query().unwrap_or_default();
        assert!(
            query.starts_with(own) && query.ends_with(asked.query().unwrap_or_default()),
            "{uri} keeps its queries"
        );
    }
}

/// With what stands for a dot, a slash or a backslash written out; queries cannot matter here.
fn decoded(address: &str) -> String {
    let address = address.split('?').next().unwrap_or_default().to_ascii_lowercase();
    address.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\")
}

/// The fields of a request or of an answer, a line for each.
pub(crate) fn proxy_fields(input: &[u8]) {
    let mut local = HeaderMap::new();
    fields(input.split(|byte| *byte == b'\n'), &mut local);
    let team = (HeaderName::from_static("x-team"), HeaderValue::from_static("lamps"));
    let token = HeaderValue::from_static("Bearer token");

    for authorization in [None, Some(&token)] {
        let up = upward(&local, std::slice::from_ref(&team), authorization);
        assert_eq!(up.get_all(AUTHORIZATION).iter().collect::<Vec<_>>(), Vec::from_iter(authorization));
        assert_eq!(up.get_all(&team.0).iter().collect::<Vec<_>>(), [&team.1]);
        assert!(!up.contains_key(HOST) && !up.contains_key(ORIGIN), "what is local stays here");
        assert!(up.get_all(TE).iter().all(|value| value == "trailers"));
        let ours = [AUTHORIZATION, HOST, ORIGIN, TE, team.0.clone()];
        assert_passed(&local, &up, &ours);
    }

    let mut down = local.clone();
    downward(&mut down);
    assert!(!down.contains_key(WWW_AUTHENTICATE), "no client begins a login of its own");
    assert!(!down.contains_key(TE));
    assert_passed(&local, &down, &[WWW_AUTHENTICATE]);
}

/// Nothing concerns a connection any more, and nothing else is lost or added; `ours` are not looked at.
fn assert_passed(before: &HeaderMap, after: &HeaderMap, ours: &[HeaderName]) {
    const HOP_BY_HOP: [&str; 6] =
        ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];
    let named = |name: &HeaderName| {
        let lists = before.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|member| member.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let framing = |name: &HeaderName| *name == CONTENT_LENGTH && before.contains_key(TRANSFER_ENCODING);
    for name in before.keys().chain(after.keys()).filter(|name| !ours.contains(name)) {
        let stays = !HOP_BY_HOP.contains(&name.as_str()) && !named(name) && !framing(name);
        let values: Vec<&HeaderValue> = before.get_all(name).iter().filter(|_| stays).collect();
        assert_eq!(after.get_all(name).iter().collect::<Vec<_>>(), values, "{name}");
    }
}
