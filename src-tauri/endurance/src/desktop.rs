//! A real desktop session without a screen that anybody sees: an X server, a window manager, a panel with a tray, a
//! notification daemon, a keyring, each a program of others and each left out where a test asks what becomes of that.
//!
//! Everything ends with it, and it ends when it is dropped, also by a test that fails.

pub mod figures;
pub mod notices;
pub mod pictures;
pub mod processes;
pub mod screen;
pub mod tray;
pub mod window;

use crate::bus::SessionBus;
use crate::child::Child;
use crate::desktop::notices::Notices;
use crate::desktop::screen::{Panel, Screen};
use crate::desktop::tray::Tray;
use crate::keyring::Keyring;
use crate::product::Product;

/// What there is in a session.
#[derive(Clone, Copy, Debug)]
pub struct Furniture {
    /// A screen, and a window manager.
    pub screen: bool,
    /// A panel that shows tray icons. Takes a screen.
    pub tray: bool,
    /// A notification daemon, whose notices have buttons.
    pub notices: bool,
    /// A keyring.
    pub keyring: Vault,
}

/// How the keyring is when the session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vault {
    /// There is none.
    Absent,
    /// Nobody has unlocked it, and there is nobody to ask.
    Locked,
    /// Open, as after a login.
    Unlocked,
}

/// A running session.
pub struct Desktop {
    /// The session's bus.
    pub bus: SessionBus,
    /// The screen, where there is one.
    pub screen: Option<Screen>,
    /// The panel that shows tray icons, where there is one.
    pub panel: Option<Panel>,
    notices: Option<Notices>,
    keyring: Option<Keyring>,
}

impl Furniture {
    /// Everything, as on a desktop where all is well.
    pub const ALL: Self = Self { screen: true, tray: true, notices: true, keyring: Vault::Unlocked };
}

impl Desktop {
    /// Starts a session, and waits until all of it is ready.
    pub async fn start(furniture: Furniture) -> Self {
        let bus = SessionBus::start().await;
        let screen = async {
            if !furniture.screen {
                return (None, None);
            }
            let screen = Screen::start(&bus).await;
            let panel = if furniture.tray { Some(Panel::start(&bus, &screen).await) } else { None };
            (Some(screen), panel)
        };
        let notices = async { if furniture.notices { Some(Notices::start(&bus).await) } else { None } };
        let keyring = async {
            if furniture.keyring == Vault::Absent {
                return None;
            }
            let keyring = Keyring::start(&bus).await;
            if furniture.keyring == Vault::Locked {
                keyring.lock().await;
            }
            Some(keyring)
        };
        let ((screen, panel), notices, keyring) = tokio::join!(screen, notices, keyring);
        Self { bus, screen, panel, notices, keyring }
    }

    /// A new profile, to be used in this session; its logins are in the keyring.
    pub fn product(&self) -> Product {
        let mut product = Product::new("keychain");
        self.furnish(&mut product);
        product
    }

    /// Has the programs of `product` run in this session.
    pub fn furnish(&self, product: &mut Product) {
        product.set("NO_AT_BRIDGE", "1");
        for (name, value) in self.bus.addresses() {
            product.set(name, value);
        }
        if let Some(screen) = &self.screen {
            product.set("DISPLAY", screen.name());
        }
    }

    /// Starts the app as the session does when it begins, without waiting for anything.
    pub fn start_hidden(&self, product: &Product) -> Child {
        product.desktop(&["--hidden"])
    }

    /// The app's place in the tray, once it has one.
    pub async fn tray(&self) -> Tray {
        Tray::of(self.bus.connection()).await
    }

    /// What the notification daemon was asked to show.
    pub fn notices(&self) -> &Notices {
        self.notices.as_ref().unwrap()
    }

    /// The keyring.
    pub fn keyring(&self) -> &Keyring {
        self.keyring.as_ref().unwrap()
    }

    /// Ends the keyring; what it holds lies on the disk.
    pub async fn lose_keyring(&mut self) {
        if let Some(keyring) = self.keyring.take() {
            keyring.kill().await;
        }
    }

    /// Starts the keyring anew.
    pub async fn find_keyring(&mut self) {
        self.keyring = Some(Keyring::start(&self.bus).await);
    }
}
