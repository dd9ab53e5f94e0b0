//! Where a request goes: the upstream's address, with what the client put below the endpoint.

use http::Uri;
use http::uri::PathAndQuery;

/// The address of `upstream` with `below` (empty, or a path that begins with `/`) and `query` added to its own.
/// `None` when they would lead out of it, or make no address.
pub(super) fn target(upstream: &Uri, below: &str, query: Option<&str>) -> Option<Uri> {
    if below.is_empty() && query.is_none() {
        return Some(upstream.clone());
    }
    if leads_out(below) {
        return None;
    }
    let base = upstream.path();
    let base = if below.starts_with('/') { base.strip_suffix('/').unwrap_or(base) } else { base };
    let query = match (upstream.query(), query) {
        (Some(own), Some(given)) => format!("?{own}&{given}"),
        (Some(only), None) | (None, Some(only)) => format!("?{only}"),
        (None, None) => String::new(),
    };
    let path: PathAndQuery = format!("{base}{below}{query}").parse().ok()?;
    let mut parts = upstream.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

/// Whether a path has a dot segment, encoded or not: the token is for the endpoint and what is below it.
fn leads_out(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    plain.split(['/', '\\']).any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_endpoint_is_added_to_the_upstream() {
        for (upstream, below, query, expected) in [
            ("https://mcp.example/mcp", "", None, "https://mcp.example/mcp"),
            ("https://mcp.example/mcp", "/", None, "https://mcp.example/mcp/"),
            ("https://mcp.example/mcp", "/a/b", Some("x=1"), "https://mcp.example/mcp/a/b?x=1"),
            ("https://mcp.example/", "", None, "https://mcp.example/"),
            ("https://mcp.example/", "/a", None, "https://mcp.example/a"),
            ("https://mcp.example/mcp/", "/a", None, "https://mcp.example/mcp/a"),
            ("https://mcp.example:8443/m?key=1", "", Some("x=%20"), "https://mcp.example:8443/m?key=1&x=%20"),
            ("https://mcp.example/m?key=1", "", None, "https://mcp.example/m?key=1"),
            ("http://[::1]:9000/mcp", "/a%20b%2Fc", None, "http://[::1]:9000/mcp/a%20b%2Fc"),
            ("http://127.0.0.1:9000/mcp", "/a..b/.c", None, "http://127.0.0.1:9000/mcp/a..b/.c"),
        ] {
            let upstream = upstream.parse().unwrap();
            assert_eq!(target(&upstream, below, query).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn nothing_leads_out_of_the_endpoint() {
        let upstream = Uri::from_static("https://mcp.example/mcp");
        for below in ["/..", "/../admin", "/a/../../admin", "/%2e%2E/admin", "/.%2e", "/a/./b", "/..%2fadmin", "/..\\x"]
        {
            assert_eq!(target(&upstream, below, None), None, "{below}");
        }
    }
}
