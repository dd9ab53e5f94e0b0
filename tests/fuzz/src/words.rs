//! What holds of every sentence that is made of a stranger's words, and the secret that none of them may show.

/// Stands for a secret in seeds: in an answer for a token that is given, in a document for one that is kept.
pub(crate) const CANARY: &str = "canary-5ecret";

/// A secret that our request carried: whoever answers may repeat it wherever they like.
pub(crate) const SENT: &str = "sent-S3cret-refresh-token";

/// Whether `input` holds the canary once, so that whoever shows it shows the secret.
pub(crate) fn has_canary(input: &[u8]) -> bool {
    input.windows(CANARY.len()).filter(|window| *window == CANARY.as_bytes()).count() == 1
}

/// A sentence for people is on one line, of a length that people read, and steers no terminal.
#[track_caller]
pub(crate) fn assert_readable(sentence: &str) {
    assert!(!sentence.is_empty(), "a sentence says something");
    assert!(sentence.len() <= 4000, "{} bytes are no sentence", sentence.len());
    assert!(!sentence.chars().any(char::is_control), "control characters in {sentence:?}");
}

/// Neither `Debug` nor `Display` of anything may show a secret.
#[track_caller]
pub(crate) fn assert_hidden(secret: &str, shown: &str) {
    assert!(!shown.contains(secret), "{shown} shows a secret");
}
