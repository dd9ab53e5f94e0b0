//! The commands that the webview may call, as the capability lists them: each is one function of the [`bridge`].
//!
//! [`bridge`]: crate::bridge

use std::sync::Arc;

use lamplighter_engine::api::WindowRequest;
use serde_json::{Map, Value};
use tauri::State;
use tauri::ipc::{Channel, Invoke};

use crate::autostart;
use crate::bridge::{Answer, Bridge, BridgeError, Event};

/// All of them.
pub(crate) fn all() -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
    tauri::generate_handler![call, events, open, copy, place, autostart, set_autostart]
}

/// What the page is told of an error: a sentence.
fn sentence(error: &BridgeError) -> String {
    tracing::warn!(%error, "the window got nothing");
    error.to_string()
}

#[tauri::command]
async fn call(
    bridge: State<'_, Arc<Bridge>>,
    operation: String,
    parameters: Map<String, Value>,
    body: Value,
) -> Result<Answer, String> {
    bridge.call(&operation, &parameters, &body).await.map_err(|error| sentence(&error))
}

#[tauri::command]
async fn events(bridge: State<'_, Arc<Bridge>>, channel: Channel<Event>) -> Result<(), String> {
    bridge.events(|event| channel.send(event).is_ok()).await.map_err(|error| sentence(&error))
}

#[tauri::command]
async fn open(bridge: State<'_, Arc<Bridge>>, address: String) -> Result<(), String> {
    bridge.open(&address).await.map_err(|error| sentence(&error))
}

#[tauri::command]
async fn copy(bridge: State<'_, Arc<Bridge>>, text: String) -> Result<(), String> {
    bridge.copy(text).await.map_err(|error| sentence(&error))
}

#[tauri::command]
#[expect(clippy::needless_pass_by_value, reason = "as Tauri hands it to commands")]
fn place(bridge: State<'_, Arc<Bridge>>, channel: Channel<WindowRequest>) -> WindowRequest {
    bridge.place(move |place| {
        if let Err(error) = channel.send(place) {
            tracing::debug!(%error, "the page is gone");
        }
    })
}

#[tauri::command]
fn autostart() -> Result<bool, String> {
    autostart::is_on().map_err(|error| sentence(&error))
}

#[tauri::command]
fn set_autostart(on: bool) -> Result<(), String> {
    autostart::switch(on).map_err(|error| sentence(&error))
}
