//! The page of the callback: which workload is signed in, or why not. Whole in itself: no script, nothing fetched.

use std::sync::LazyLock;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use lamplighter_core::condition::capitalised;
use sha2::{Digest, Sha256};

use crate::control::CallbackPage;

const STYLE: &str = include_str!("page.css");

/// Allows this page's own style, told by its hash, and nothing else.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The page that says how a sign-in went.
pub(super) fn render(page: &CallbackPage) -> Response<Body> {
    let (status, mark, heading, text) = match page {
        CallbackPage::SignedIn(name) => (
            StatusCode::OK,
            "lit",
            format!("{name} is signed in"),
            "You can close this tab. Lamplighter keeps it signed in from now on.".to_owned(),
        ),
        CallbackPage::Failed(name, why) => (
            StatusCode::BAD_REQUEST,
            "out",
            format!("{name} is not signed in"),
            format!("{}. Close this tab and sign in again from Lamplighter.", capitalised(why.trim_end_matches('.'))),
        ),
        CallbackPage::Unknown => (
            StatusCode::BAD_REQUEST,
            "out",
            "No sign-in waits for this answer".to_owned(),
            "It may have been finished, cancelled or replaced by a newer one. Nothing was changed; close this tab, \
             and sign in again from Lamplighter if need be."
                .to_owned(),
        ),
    };
    let (heading, text) = (escape(&heading), escape(&text));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{heading} · Lamplighter</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <span class=\"lamp {mark}\"></span>\n<h1>{heading}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
    );
    let mut answer = Response::new(Body::from(html));
    *answer.status_mut() = status;
    let fields: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, POLICY.clone()),
        // The address of this page holds the authorization code.
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    answer.headers_mut().extend(fields);
    answer
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn html(page: &CallbackPage) -> String {
        let body = render(page).into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_page_names_the_workload() {
        let html = html(&CallbackPage::SignedIn("linear".to_owned())).await;
        assert!(html.contains("<h1>linear is signed in</h1>"));
        assert!(html.contains("close this tab"));
    }

    #[tokio::test]
    async fn nothing_a_server_says_becomes_markup() {
        let why = "<script>alert('x')</script> & \"more\"".to_owned();
        let html = html(&CallbackPage::Failed("linear".to_owned(), why)).await;
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
        assert!(!html.contains("<script"));
    }

    #[test]
    fn the_page_may_load_nothing() {
        let answer = render(&CallbackPage::Unknown);
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    }
}
