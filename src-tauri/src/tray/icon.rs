//! The lamps as pictures, rendered from `icons/` by `cargo xtask icons`.

use tauri::image::Image;
use tauri::include_image;

use super::lamp::Lamp;

/// Coloured, legible on light and dark panels.
#[cfg(not(target_os = "macos"))]
pub(super) fn of(lamp: Lamp) -> Image<'static> {
    match lamp {
        Lamp::Unlit => include_image!("../icons/tray/unlit-44.png"),
        Lamp::Lit => include_image!("../icons/tray/lit-44.png"),
        Lamp::Retrying => include_image!("../icons/tray/retrying-44.png"),
        Lamp::Offline => include_image!("../icons/tray/offline-44.png"),
        Lamp::NeedsYou => include_image!("../icons/tray/needs-you-44.png"),
    }
}

/// As templates, which the system colours to fit its menu bar.
#[cfg(target_os = "macos")]
pub(super) fn of(lamp: Lamp) -> Image<'static> {
    match lamp {
        Lamp::Unlit => include_image!("../icons/tray/unlit-template-44.png"),
        Lamp::Lit => include_image!("../icons/tray/lit-template-44.png"),
        Lamp::Retrying => include_image!("../icons/tray/retrying-template-44.png"),
        Lamp::Offline => include_image!("../icons/tray/offline-template-44.png"),
        Lamp::NeedsYou => include_image!("../icons/tray/needs-you-template-44.png"),
    }
}
