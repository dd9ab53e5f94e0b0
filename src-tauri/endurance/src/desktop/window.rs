//! The app's window, driven through `WebKitWebDriver`, with the eyes and hands of a person: by what buttons
//! and fields are called, and by what can be read.

use std::net::TcpListener;
use std::sync::Mutex;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::process::Command;

use crate::child::Child;
use crate::patience::{until, within};
use crate::product::{Product, Program};

/// What Tauri asks before it lets itself be driven.
const DRIVEN: (&str, &str) = ("TAURI_WEBVIEW_AUTOMATION", "true");

/// A window of its own, on the engine that runs in a profile.
pub struct Window {
    client: Client,
    /// What could be read when it was last looked.
    seen: Mutex<String>,
    _driver: Child,
}

/// What the app's own window is driven by.
pub struct Reins {
    address: String,
}

impl Reins {
    /// Of the windows that the programs of `product` open from now on, of which there may be one at a time.
    pub fn on(product: &mut Product) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        product.set(DRIVEN.0, DRIVEN.1);
        product.set("WEBKIT_INSPECTOR_SERVER", &address);
        Self { address }
    }

    /// Takes hold of the window that is open, or about to be.
    pub async fn take(&self, product: &Product) -> Window {
        let mut command = product.in_its_environment("WebKitWebDriver");
        command.arg(format!("--target={}", self.address));
        Window::drive(product, command, &ClientBuilder::new(HttpConnector::new())).await
    }
}

impl Window {
    /// Opens it with these arguments, and waits until its page is there.
    pub async fn open(product: &Product, arguments: &[&str]) -> Self {
        let mut command = product.in_its_environment("WebKitWebDriver");
        command.env(DRIVEN.0, DRIVEN.1);
        let options = json!({ "binary": product.program(Program::Window), "args": arguments });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities([("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect());
        Self::drive(product, command, &builder).await
    }

    async fn drive(product: &Product, mut driver: Command, builder: &ClientBuilder<HttpConnector>) -> Self {
        let port = free_port();
        driver.arg(format!("--port={port}"));
        let driver = product.begin_command("webdriver", driver);
        let address = format!("http://127.0.0.1:{port}");
        let client = until("the window", async || builder.connect(&address).await.ok()).await;
        Self { client, seen: Mutex::default(), _driver: driver }
    }

    /// Presses the button, or follows the link, that is called `name`, once it is there.
    pub async fn press(&self, name: &str) {
        let quoted = quoted(name);
        let called = format!("(normalize-space()={quoted} and not(@aria-label)) or @aria-label={quoted}");
        let path = format!("//*[self::button or self::a][{called}]");
        until(&format!("a button called {name:?}"), async || {
            let button = self.client.find(Locator::XPath(&path)).await.ok()?;
            button.click().await.ok()
        })
        .await;
    }

    /// Writes `text` into the field that is called `name`, in place of what is there.
    pub async fn fill(&self, name: &str, text: &str) {
        until(&format!("a field called {name:?}"), async || {
            let field = self.field(name).await?;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    /// Turns the switch that is called `name` on, or off, once it is the other way.
    pub async fn turn(&self, name: &str, on: bool) {
        self.until_turned(name, !on).await;
        until(&format!("the switch {name:?} to be turned"), async || self.field(name).await?.click().await.ok()).await;
    }

    /// Waits until the switch that is called `name` is on, or off.
    pub async fn until_turned(&self, name: &str, on: bool) {
        until(&format!("the switch {name:?} to be {}", if on { "on" } else { "off" }), async || {
            let shown = self.field(name).await?.is_selected().await.ok()?;
            (shown == on).then_some(())
        })
        .await;
    }

    /// Waits until `text` can be read.
    pub async fn until_reads(&self, text: &str) {
        until(&format!("{text:?} in the window"), async || self.text().await.contains(text).then_some(())).await;
    }

    /// Waits for `text` in the page itself, which knows at once.
    pub async fn reads(&self, text: &str) {
        const WATCH: &str = "
            const [text, done] = arguments;
            const watch = new MutationObserver(look);
            function look() {
                if (!document.body.innerText.includes(text)) return;
                watch.disconnect();
                done();
            }
            watch.observe(document.body, { subtree: true, childList: true, characterData: true });
            look();";
        within(&format!("{text:?} in the window"), self.client.execute_async(WATCH, vec![json!(text)])).await.unwrap();
    }

    /// Waits until `text` cannot be read any more.
    pub async fn until_reads_no_more(&self, text: &str) {
        let what = format!("{text:?} to be gone from the window");
        until(&what, async || (!self.text().await.contains(text)).then_some(())).await;
    }

    /// All that can be read.
    pub async fn text(&self) -> String {
        let reading = async { self.client.find(Locator::Css("body")).await?.text().await };
        let text: String = within("the page", reading).await.unwrap_or_default();
        self.seen.lock().unwrap().clone_from(&text);
        text
    }

    /// What the label `name` belongs to.
    async fn field(&self, name: &str) -> Option<Element> {
        let path = format!("//*[@id=//label[normalize-space()={}]/@for]", quoted(name));
        self.client.find(Locator::XPath(&path)).await.ok()
    }

    /// Closes it.
    pub async fn close(self) {
        within("the window to close", self.client.clone().close()).await.unwrap();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        #[expect(clippy::print_stderr, reason = "it tells why the test failed")]
        if std::thread::panicking() {
            eprintln!("--- the window read:\n{}", self.seen.lock().unwrap());
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `text` as a literal of `XPath`.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text}");
    format!("\"{text}\"")
}
