//! HTTP answers as a person writes them into a file: the status, a line for each header, an empty line, the body.
//! Several stand below each other, with a line `%%` between.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lamplighter_engine::http::Fetched;
use zeroize::Zeroizing;

/// What a server answers.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `None` where the empty line is missing: it broke off.
    pub(crate) body: Option<Vec<u8>>,
}

impl Answer {
    /// Reads what stands in `input`; what cannot be read is left out.
    pub(crate) fn read(input: &[u8]) -> Self {
        let (head, body) = match find(input, b"\n\n") {
            Some(at) => (&input[..at], Some(input[at + 2..].to_vec())),
            None => (input, None),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = lines.next().and_then(|line| StatusCode::from_bytes(line).ok()).unwrap_or_default();
        let mut headers = HeaderMap::new();
        fields(lines, &mut headers);
        Self { status, headers, body }
    }

    /// The same, as our stack hands it over.
    pub(crate) fn fetched(self) -> Fetched {
        Fetched { status: self.status, headers: self.headers, body: self.body.map(Zeroizing::new) }
    }
}

/// The answers that stand in `input`.
pub(crate) fn answers(mut input: &[u8]) -> Vec<Answer> {
    const BETWEEN: &[u8] = b"\n%%\n";
    let mut answers = Vec::new();
    while let Some(at) = find(input, BETWEEN) {
        answers.push(Answer::read(&input[..at]));
        input = &input[at + BETWEEN.len()..];
    }
    answers.push(Answer::read(input));
    answers
}

/// Reads `name: value` from each of `lines`; what cannot be read is left out.
pub(crate) fn fields<'a>(lines: impl Iterator<Item = &'a [u8]>, headers: &mut HeaderMap) {
    for line in lines {
        let Some(at) = find(line, b": ") else { continue };
        let field = (HeaderName::from_bytes(&line[..at]), HeaderValue::from_bytes(&line[at + 2..]));
        if let (Ok(name), Ok(value)) = field {
            headers.append(name, value);
        }
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}
