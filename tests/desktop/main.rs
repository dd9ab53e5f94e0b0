//! The desktop app on a real desktop: window, tray, notification daemon and keyring are the programs of others, and the
//! app is looked at through nothing but them.
//!
//! Needs what `cargo xtask test` installs. The app is built when it is not there; what is there is taken as it is.
#![cfg(target_os = "linux")]

mod lacking;
mod life;
mod stage;
mod story;
mod tray;
mod wishes;
