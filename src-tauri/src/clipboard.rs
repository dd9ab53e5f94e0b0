//! The clipboard. On some desktops what is copied lasts only as long as the program that copied it, so it is the
//! resident that copies, for the window too.

use std::sync::{Arc, Mutex, PoisonError};

/// The clipboard, opened when it is first used.
#[derive(Clone, Default)]
pub(crate) struct Clipboard(Arc<Mutex<Option<arboard::Clipboard>>>);

impl Clipboard {
    /// Puts `text` there. May take a moment: not for the engine's thread.
    ///
    /// # Errors
    /// When this desktop has no clipboard, or another program holds on to it.
    pub(crate) fn copy(&self, text: String) -> Result<(), arboard::Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match held.as_mut() {
            Some(clipboard) => clipboard.set_text(text),
            None => held.insert(arboard::Clipboard::new()?).set_text(text),
        };
        if done.is_err() {
            // The display that it was opened on may be gone.
            *held = None;
        }
        done
    }
}
