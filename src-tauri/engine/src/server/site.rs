//! The web UI as it was built into this program: files, the same for whoever asks. Knows no key and no workload.

use std::borrow::Cow;

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, Response, StatusCode};
use rust_embed::Embed;

use super::reply;

/// Begins the path of every file whose name changes with its content.
pub(super) const ASSETS: &str = "/assets/";

/// What is shown first, and shows everything else.
const INDEX: &str = "index.html";

/// The page fetches from here alone, and nothing else may run in it, frame it, or be sent a form by it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The build of `ui/`: held in a release, read from the folder otherwise. It may be missing.
#[derive(Embed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Built;

/// One file of the web UI.
pub struct File {
    /// Its media type.
    pub kind: String,
    /// What is in it.
    pub content: Cow<'static, [u8]>,
}

/// Where the files of the web UI are found, by their paths without the first `/`.
#[derive(Clone, Copy, Debug)]
pub struct Site(pub fn(&str) -> Option<File>);

impl Site {
    /// The web UI that is in this build, if it is.
    #[must_use]
    pub fn of_this_build() -> Self {
        Self(|path| {
            let file = Built::get(path)?;
            Some(File { kind: file.metadata.mimetype().to_owned(), content: file.data })
        })
    }

    /// Whether there is a web UI at all.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.0(INDEX).is_some()
    }

    /// The file at `path`.
    pub(super) fn answer(self, path: &str) -> Response<Body> {
        let name = match path {
            "/" | "/signin" => INDEX,
            _ => path.strip_prefix('/').unwrap_or(path),
        };
        match self.0(name) {
            Some(file) => found(file, path.starts_with(ASSETS)),
            None if self.is_there() => reply::problem(StatusCode::NOT_FOUND, "not_found", "nothing is at this path"),
            None => reply::hinted(
                StatusCode::NOT_FOUND,
                "no_web_ui",
                "this build has no web UI",
                "build it with `cargo xtask ui`, then build this program again; the command line does all that it does",
            ),
        }
    }
}

fn found(File { kind, content }: File, lasting: bool) -> Response<Body> {
    let content = match content {
        Cow::Borrowed(held) => Bytes::from_static(held),
        Cow::Owned(read) => read.into(),
    };
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind };
    let mut answer = Response::new(Body::from(content));
    let fields: [(HeaderName, HeaderValue); 7] = [
        (CONTENT_TYPE, HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (CACHE_CONTROL, HeaderValue::from_static(if lasting { "max-age=31536000, immutable" } else { "no-cache" })),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    answer.headers_mut().extend(fields);
    answer
}
