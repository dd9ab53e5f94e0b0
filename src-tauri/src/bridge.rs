//! The whole contract with the page: what it may ask of the process around it, and the types. Plain functions that need
//! no desktop; `commands` hands them to the webview.
//!
//! The key of the control API stays in this room. The page sees answers, and only to the operations named here: none
//! that gives a key away.

mod operations;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplighter_client::{Client, Error};
use lamplighter_core::config::Theme;
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::profile::Profile;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use self::operations::Operations;

pub use self::operations::ALLOWED;

/// What the engine answered, good or bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body; `null` where there is none.
    pub body: Value,
}

/// One event of the engine's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `snapshot`, `journal` or `notice`.
    pub event: String,
    /// What happened.
    pub data: Value,
}

/// Why the page got nothing.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The page may not ask for that.
    #[error("the window may not ask for {0:?}")]
    NotAllowed(String),
    /// The operation needs a parameter that is missing, or none that can stand in a path.
    #[error("{operation} needs the parameter {parameter:?}")]
    Parameter {
        /// Which operation.
        operation: String,
        /// Which parameter.
        parameter: String,
    },
    /// The engine gave no answer.
    #[error(transparent)]
    Engine(#[from] Error),
    /// Only addresses of the web are opened.
    #[error("only http and https addresses are opened, and {0:?} is none")]
    NoWebAddress(String),
    /// There is no browser, or it could not be started.
    #[error("no browser could be opened: {0}")]
    NoBrowser(io::Error),
    /// The clipboard cannot be written.
    #[error("the clipboard cannot be written: {0}")]
    NoClipboard(Box<dyn std::error::Error + Send + Sync>),
    /// Starting with the session cannot be switched.
    #[error("starting with the session cannot be switched: {0}")]
    Autostart(io::Error),
}

/// Puts a text on the clipboard; may take a moment.
type Copying = dyn Fn(String) -> Result<(), BridgeError> + Send + Sync;

/// Where places go that are to be shown later.
type Places = Box<dyn Fn(WindowRequest) + Send + Sync>;

/// What the page may ask for.
pub struct Bridge {
    profile: Profile,
    operations: Operations,
    copying: Arc<Copying>,
    /// Where the window begins, until the page has asked; then who is told of later places.
    places: Mutex<Waiting>,
    /// Ends the stream of a page that was loaded anew since.
    listening: Mutex<CancellationToken>,
}

/// A page that has not asked yet is told the newest place when it does.
enum Waiting {
    ForPage(WindowRequest),
    ForPlaces(Places),
}

impl Bridge {
    /// To the engine that runs in `profile`, for a page that begins at `place` and copies by `copying`, which may block.
    #[must_use]
    pub fn new(
        profile: Profile,
        place: WindowRequest,
        copying: impl Fn(String) -> Result<(), BridgeError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            profile,
            operations: Operations::of_the_api(),
            copying: Arc::new(copying),
            places: Mutex::new(Waiting::ForPage(place)),
            listening: Mutex::default(),
        }
    }

    /// Calls an operation of the control API by its name. `parameters` that its path has no place for become the query.
    ///
    /// # Errors
    /// When the page may not ask for it, a parameter is missing, or the engine does not answer. A refusal is an answer.
    pub async fn call(
        &self,
        operation: &str,
        parameters: &Map<String, Value>,
        body: &Value,
    ) -> Result<Answer, BridgeError> {
        let request = self.operations.request(operation, parameters)?;
        let path: Vec<_> = request.path.iter().map(String::as_str).collect();
        let query: Vec<_> = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.engine()?.request(request.method, &path, &query, body).await?;
        Ok(Answer { status: answer.status.as_u16(), body: answer.json })
    }

    /// Hands the engine's events to `send` until it takes no more, the engine is gone, or somebody else listens: there is
    /// one page.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn events(&self, send: impl Fn(Event) -> bool) -> Result<(), BridgeError> {
        let replaced = CancellationToken::new();
        std::mem::replace(&mut *held(&self.listening), replaced.clone()).cancel();
        let mut events = self.engine()?.events(None).await?;
        while let Some(Some(event)) = replaced.run_until_cancelled(events.next()).await {
            let Ok(data) = serde_json::from_str(&event.data) else { continue };
            if !send(Event { event: event.event, data }) {
                break;
            }
        }
        Ok(())
    }

    /// Opens a web page in the person's browser; `$BROWSER` is honoured.
    ///
    /// # Errors
    /// When that is no address of the web, or there is no browser.
    pub async fn open(&self, address: &str) -> Result<(), BridgeError> {
        let url = url::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| BridgeError::NoWebAddress(address.to_owned()))?;
        crate::browser::open(url.into()).await.map_err(BridgeError::NoBrowser)
    }

    /// Puts `text` on the clipboard.
    ///
    /// # Errors
    /// When there is none.
    pub async fn copy(&self, text: String) -> Result<(), BridgeError> {
        let copying = Arc::clone(&self.copying);
        let done = tokio::task::spawn_blocking(move || copying(text)).await;
        done.unwrap_or_else(|error| Err(BridgeError::NoClipboard(error.into())))
    }

    /// Where the page is to begin; `later` is told of every place from then on.
    pub fn place(&self, later: impl Fn(WindowRequest) + Send + Sync + 'static) -> WindowRequest {
        let mut places = held(&self.places);
        match std::mem::replace(&mut *places, Waiting::ForPlaces(Box::new(later))) {
            Waiting::ForPage(place) => place,
            // A page that was loaded anew begins at the beginning.
            Waiting::ForPlaces(_) => WindowRequest::default(),
        }
    }

    /// Has the page go to `place`.
    pub fn go(&self, place: WindowRequest) {
        let mut places = held(&self.places);
        match &mut *places {
            Waiting::ForPage(first) => *first = place,
            Waiting::ForPlaces(later) => later(place),
        }
    }

    /// The colours that the settings ask for; `None` for those of the desktop.
    pub(crate) async fn theme(&self) -> Option<tauri::Theme> {
        let settings = self.engine().ok()?.get::<lamplighter_engine::settings::Settings>(&["settings"]).await.ok()?;
        match settings.desktop.theme {
            Theme::System => None,
            Theme::Light => Some(tauri::Theme::Light),
            Theme::Dark => Some(tauri::Theme::Dark),
        }
    }

    /// The engine that runs now: it may have been started anew.
    fn engine(&self) -> Result<Client, Error> {
        Client::of(&self.profile)
    }
}

fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
