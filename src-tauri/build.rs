//! What Tauri wants to know when the app is built.

fn main() {
    tauri_build::build();
}
