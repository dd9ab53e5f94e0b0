//! What the app costs on a desktop.
