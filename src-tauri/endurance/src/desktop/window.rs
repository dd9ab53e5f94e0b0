//! The app's window, driven through `WebKitWebDriver`, with the eyes and hands of a person: by what buttons
//! and fields are called, and by what can be read.

use std::net::TcpListener;
use std::sync::Mutex;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::child::Child;
use crate::patience::{until, within};
use crate::product::Product;

/// A window of its own, on the engine that runs in a profile.
pub struct Window {
    client: Client,
    /// What could be read when it was last looked.
    seen: Mutex<String>,
    _driver: Child,
}

impl Window {
    /// Opens it with these arguments after `window`, and waits until its page is there.
    pub async fn open(product: &Product, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = product.in_its_environment("WebKitWebDriver");
        // What Tauri asks before it lets itself be driven.
        command.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = product.begin_command("webdriver", command);
        let arguments: Vec<_> = ["window"].iter().chain(arguments).collect();
        let options = json!({ "binary": product.desktop_program(), "args": arguments });
        let capabilities = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
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
        let path = field(name);
        until(&format!("a field called {name:?}"), async || {
            let field = self.client.find(Locator::XPath(&path)).await.ok()?;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    /// Turns the switch that is called `name` on, or off, once it is the other way.
    pub async fn turn(&self, name: &str, on: bool) {
        let path = field(name);
        until(&format!("the switch {name:?} to be turned"), async || {
            let switch = self.client.find(Locator::XPath(&path)).await.ok()?;
            let other_way = switch.is_selected().await.ok()? != on;
            if other_way { switch.click().await.ok() } else { None }
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

/// What the label `name` belongs to, in `XPath`.
fn field(name: &str) -> String {
    format!("//*[@id=//label[normalize-space()={}]/@for]", quoted(name))
}

/// `text` as a literal of `XPath`.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text}");
    format!("\"{text}\"")
}
