//! Words of strangers, made fit for people and logs: bounded, and free of control characters and secrets.

/// `text` on one line, without control characters, at most `bound` characters of it.
pub(crate) fn tame(text: &str, bound: usize) -> String {
    let mut tamed = String::new();
    for word in text.split(|character: char| character.is_whitespace() || character.is_control() || hidden(character)) {
        if !word.is_empty() {
            if !tamed.is_empty() {
                tamed.push(' ');
            }
            tamed.push_str(word);
        }
    }
    match tamed.char_indices().nth(bound) {
        Some((end, _)) => format!("{}…", &tamed[..end]),
        None => tamed,
    }
}

/// Whether a character turns the writing direction or shows nothing, with which a text can lie.
fn hidden(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
