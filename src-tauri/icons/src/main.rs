//! Renders the pictures in `icons/` from the SVGs beside them: `cargo xtask icons`. What it writes is committed, so that
//! building needs neither this nor a renderer.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use resvg::tiny_skia::{ColorU8, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// The lamps: the source, and the word by which the tray knows it.
const LAMPS: [(&str, &str); 5] = [
    ("lamp-running", "lit"),
    ("lamp-retrying", "retrying"),
    ("lamp-sign-in-needed", "needs-you"),
    ("lamp-offline", "offline"),
    ("lamp-stopped", "unlit"),
];

/// Sizes of the tray's pictures: panels at one, one and a half, two and nearly three times.
const TRAY: [u32; 4] = [16, 22, 32, 44];
/// The size of menu bar templates: 22 points at two pixels each.
const TEMPLATE: u32 = 44;
/// Sizes of the app's picture.
const APP: [u32; 5] = [32, 64, 128, 256, 512];

fn main() -> Result<()> {
    let icons = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../icons");
    let tray = icons.join("tray");
    fs::create_dir_all(&tray)?;
    for (source, word) in LAMPS {
        let lamp = Picture::read(&icons.join(source).with_extension("svg"))?;
        for size in TRAY {
            lamp.at(size)?.save_png(tray.join(format!("{word}-{size}.png")))?;
        }
        template(lamp.at(TEMPLATE)?).save_png(tray.join(format!("{word}-template-{TEMPLATE}.png")))?;
    }
    let app = Picture::read(&icons.join("app.svg"))?;
    for size in APP {
        app.at(size)?.save_png(icons.join(format!("app-{size}.png")))?;
    }
    windows(&app, &icons.join("app.ico"))?;
    macos(&app, &icons.join("app.icns"))
}

/// A source.
struct Picture {
    path: PathBuf,
    tree: Tree,
}

impl Picture {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self { path: path.to_owned(), tree: Tree::from_data(&text, &Options::default())? })
    }

    /// The picture, `size` pixels wide and high.
    #[expect(clippy::cast_precision_loss, reason = "pictures are small")]
    fn at(&self, size: u32) -> Result<Pixmap> {
        let mut pixels = Pixmap::new(size, size).with_context(|| format!("{} has no size", self.path.display()))?;
        let scale = size as f32 / self.tree.size().width();
        resvg::render(&self.tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        Ok(pixels)
    }

    /// The same as a PNG.
    fn png(&self, size: u32) -> Result<Cursor<Vec<u8>>> {
        Ok(Cursor::new(self.at(size)?.encode_png()?))
    }
}

/// Black where `picture` is anything: menu bars colour it themselves.
fn template(mut picture: Pixmap) -> Pixmap {
    for pixel in picture.pixels_mut() {
        *pixel = ColorU8::from_rgba(0, 0, 0, pixel.alpha()).premultiply();
    }
    picture
}

fn windows(app: &Picture, path: &Path) -> Result<()> {
    let mut folder = ico::IconDir::new(ico::ResourceType::Icon);
    for size in [16, 24, 32, 48, 64, 256] {
        let image = ico::IconImage::read_png(app.png(size)?)?;
        folder.add_entry(ico::IconDirEntry::encode(&image)?);
    }
    Ok(folder.write(File::create(path)?)?)
}

fn macos(app: &Picture, path: &Path) -> Result<()> {
    let mut family = icns::IconFamily::new();
    for size in [16, 32, 64, 128, 256, 512] {
        family.add_icon(&icns::Image::read_png(app.png(size)?)?)?;
    }
    Ok(family.write(File::create(path)?)?)
}
