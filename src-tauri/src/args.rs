//! What the programs may be told when they are started.

use clap::{Args, Parser, ValueEnum};
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::host::Screen;

/// Keeps remote MCP servers signed in, with a lamp in the tray.
#[derive(Debug, Parser)]
#[command(name = "lamplighter-desktop", version)]
pub(crate) struct App {
    /// Start without showing the window.
    #[arg(long)]
    pub(crate) hidden: bool,
}

/// Shows the window of the engine that is running; ends when it is closed.
#[derive(Debug, Parser)]
#[command(name = "lamplighter-window", version)]
pub(crate) struct Window {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Take further places from standard input, and end with it: how the resident starts its window.
    #[arg(long, hide = true)]
    pub(crate) attached: bool,
}

/// Where the window begins.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Place {
    /// At this workload.
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: Option<String>,
    /// At this screen.
    #[arg(long, value_name = "SCREEN", value_enum)]
    pub(crate) screen: Option<Shown>,
}

/// A screen by the word for it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shown {
    /// Where a server is added.
    Add,
    /// The settings.
    Settings,
}

impl From<Place> for WindowRequest {
    fn from(Place { workload, screen }: Place) -> Self {
        Self { workload, screen: screen.map(Screen::from) }
    }
}

/// The word that [`Window`] takes for `screen`.
pub(crate) const fn word(screen: Screen) -> &'static str {
    match screen {
        Screen::Add => "add",
        Screen::Settings => "settings",
    }
}

impl From<Shown> for Screen {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Add => Self::Add,
            Shown::Settings => Self::Settings,
        }
    }
}
