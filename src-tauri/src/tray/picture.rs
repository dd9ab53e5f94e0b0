//! The lamps as pictures, rendered from `icons/` by `cargo xtask icons`.

use std::io::Cursor;

use super::lamp::Lamp;

#[cfg(target_os = "linux")]
pub(super) use self::files::{file, pixels, put_into};

/// A picture, pixel by pixel: red, green, blue and alpha.
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgba: Vec<u8>,
}

/// The picture of `lamp`.
///
/// # Errors
/// Never with the pictures that it was built with.
pub(super) fn of(lamp: Lamp) -> Result<Pixels, png::DecodingError> {
    let mut reader = png::Decoder::new(Cursor::new(png_of(lamp))).read_info()?;
    let mut rgba = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let frame = reader.next_frame(&mut rgba)?;
    rgba.truncate(frame.buffer_size());
    Ok(Pixels { width: frame.width, height: frame.height, rgba })
}

/// Coloured, legible on light and dark panels.
#[cfg(not(target_os = "macos"))]
const fn png_of(lamp: Lamp) -> &'static [u8] {
    match lamp {
        Lamp::Unlit => include_bytes!("../../../icons/tray/unlit-44.png"),
        Lamp::Lit => include_bytes!("../../../icons/tray/lit-44.png"),
        Lamp::Retrying => include_bytes!("../../../icons/tray/retrying-44.png"),
        Lamp::Offline => include_bytes!("../../../icons/tray/offline-44.png"),
        Lamp::NeedsYou => include_bytes!("../../../icons/tray/needs-you-44.png"),
    }
}

/// As templates, which the system colours to fit its menu bar.
#[cfg(target_os = "macos")]
const fn png_of(lamp: Lamp) -> &'static [u8] {
    match lamp {
        Lamp::Unlit => include_bytes!("../../../icons/tray/unlit-template-44.png"),
        Lamp::Lit => include_bytes!("../../../icons/tray/lit-template-44.png"),
        Lamp::Retrying => include_bytes!("../../../icons/tray/retrying-template-44.png"),
        Lamp::Offline => include_bytes!("../../../icons/tray/offline-template-44.png"),
        Lamp::NeedsYou => include_bytes!("../../../icons/tray/needs-you-template-44.png"),
    }
}

/// As the `StatusNotifier` specification has them: pixels, and files that panels fetch by their path.
#[cfg(target_os = "linux")]
mod files {
    use std::path::{Path, PathBuf};
    use std::{fs, io};

    use super::{Pixels, of, png_of};
    use crate::tray::lamp::Lamp;

    /// Writes all lamps into `folder`.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub(in crate::tray) fn put_into(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        Lamp::ALL.into_iter().try_for_each(|lamp| fs::write(file(folder, lamp), png_of(lamp)))
    }

    /// The file of `lamp` in `folder`, named for what it says.
    pub(in crate::tray) fn file(folder: &Path, lamp: Lamp) -> PathBuf {
        folder.join(lamp.word()).with_extension("png")
    }

    /// `lamp` pixel by pixel: alpha, red, green and blue.
    ///
    /// # Errors
    /// As [`of`].
    pub(in crate::tray) fn pixels(lamp: Lamp) -> Result<ksni::Icon, png::DecodingError> {
        let Pixels { width, height, rgba } = of(lamp)?;
        let (pixels, _) = rgba.as_chunks::<4>();
        let data = pixels.iter().flat_map(|&[red, green, blue, alpha]| [alpha, red, green, blue]).collect();
        Ok(ksni::Icon { width: width.cast_signed(), height: height.cast_signed(), data })
    }
}
