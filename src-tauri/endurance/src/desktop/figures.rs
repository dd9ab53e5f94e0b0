//! What the app costs on a desktop, and how soon it tells: the figures, each beside what it may be.

use std::time::Duration;

use futures_util::StreamExt as _;
use lamplighter_simulator::World;

use crate::child::Child;
use crate::desktop::processes::Tree;
use crate::desktop::window::Window;
use crate::desktop::{Desktop, Furniture};
use crate::exchanges::{Server, monotonic};
use crate::figure::Figure;
use crate::foreign::Servers;
use crate::patience::{pause, until, within};
use crate::product::{NAME, Product};

/// So many workloads are kept signed in.
const WORKLOADS: usize = 20;
/// So often is measured what differs from time to time.
const ROUNDS: usize = 5;
/// What the beginning takes is over by then, and the last window closed.
const SETTLED: Duration = Duration::from_secs(10);

/// Measures everything, looking at the app at rest for `idle`; `tell` hears each figure as it is known.
pub async fn measure(idle: Duration, mut tell: impl FnMut(&Figure)) -> Vec<Figure> {
    let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
    let world = World::new();
    let mut product = desktop.product();
    // No try of its own comes between a change and whoever is to show it.
    product.set("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "1m");
    sign_in(&desktop, &product, &servers, &world).await;

    let mut figures = Vec::new();
    let mut note = |figure: Figure| {
        tell(&figure);
        figures.push(figure);
    };
    let mut starts = Vec::new();
    for _ in 1..ROUNDS {
        let (app, took) = start(&desktop, &product).await;
        starts.push(took);
        assert_eq!(app.terminate().await.code(), Some(0));
    }
    let (app, took) = start(&desktop, &product).await;
    starts.push(took);
    note(slowest("start to tray with 20 servers, slowest of 5", &starts, 500.0));

    let tree = Tree::below(app.id());
    pause(SETTLED).await;
    note(megabytes("memory of all processes, no window yet", tree, Some(60.0)));
    let before = tree.work();
    pause(idle).await;
    let (busy, woken) = tree.work().since(&before);
    let minutes = idle.as_secs_f64() / 60.0;
    note(Figure::milliseconds("processor at rest, a minute", busy.div_f64(minutes), Some(30.0)));
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit after the point")]
    let woken = woken as f64 / minutes;
    note(Figure { what: "wake-ups at rest, a minute".to_owned(), value: woken, bound: None, unit: "" });

    for figure in changes(&desktop, &product, &servers).await {
        note(figure);
    }

    let tray = desktop.tray().await;
    let screen = desktop.screen.as_ref().unwrap();
    tray.press(&["Open Lamplighter"]).await;
    let window = screen.until_window("Lamplighter").await;
    pause(SETTLED).await;
    note(megabytes("memory of all processes, window open", tree, None));
    screen.close(&window).await;
    until("the end of the window", async || (tree.count() == 1).then_some(())).await;
    pause(SETTLED).await;
    note(megabytes("memory of all processes, 10 s after the window was closed", tree, Some(60.0)));
    assert_eq!(app.terminate().await.code(), Some(0));
    figures
}

/// Signs in everywhere: to the foreign server, whose exchanges are watched, and to simulated ones.
async fn sign_in(desktop: &Desktop, product: &Product, servers: &Servers, world: &World) {
    let app = desktop.start_hidden(product);
    product.until_engine().await;
    product.sign_in(&servers.mcp).await;
    for number in 1..WORKLOADS {
        let name = format!("simulated-{number}");
        let server = world.server(&name).unwrap();
        product.done(&["add", &name, server.mcp_url().as_str()]).await;
        product.done(&["login", &name]).await;
    }
    assert_eq!(app.terminate().await.code(), Some(0));
}

/// Starts the app; how long it takes until its lamp is in the tray.
async fn start(desktop: &Desktop, product: &Product) -> (Child, Duration) {
    let mut registered = desktop.panel.as_ref().unwrap().registrations().await;
    let begin = monotonic();
    let app = desktop.start_hidden(product);
    within("a lamp in the tray", registered.next()).await.unwrap();
    let took = monotonic().saturating_sub(begin);
    desktop.tray().await.until_lamp("lit").await;
    (app, took)
}

/// From the answer that puts a workload into trouble until tray, notice and window have it.
async fn changes(desktop: &Desktop, product: &Product, servers: &Servers) -> [Figure; 3] {
    let tray = desktop.tray().await;
    let window = Window::open(product, &[]).await;
    window.until_reads("running").await;
    let mut exchanges = Server::new(servers.exchanges().await);
    let mut took = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let (mut lamps, mut notices) = (tray.changes().await, desktop.notices().calls().await);
        let before = exchanges.last();
        let cause = async {
            servers.control("outage=forbidden").await;
            product.done(&["retry", NAME]).await;
        };
        let (lamp, notice, page, ()) = tokio::join!(
            when("another lamp", lamps.next()),
            when("a notice", notices.next()),
            when("another page", window.reads("trying again")),
            cause
        );
        exchanges.last();
        let (_, answered) = exchanges.newest(before).unwrap().answered.unwrap();
        for (took, shown) in took.iter_mut().zip([lamp, notice, page]) {
            took.push(shown.saturating_sub(answered));
        }
        servers.control("outage=none").await;
        product.done(&["retry", NAME]).await;
        tray.until_lamp("lit").await;
        // What is told of the recovery is told by then.
        pause(Duration::from_secs(4)).await;
    }
    window.close().await;
    let [lamps, notices, pages] = took;
    [
        slowest("answer of the server to the lamp, slowest of 5", &lamps, 200.0),
        slowest("answer of the server to the notice, slowest of 5", &notices, 200.0),
        slowest("answer of the server to the window, slowest of 5", &pages, 200.0),
    ]
}

/// When `shown` is.
async fn when<T>(what: &str, shown: impl Future<Output = T>) -> Duration {
    within(what, shown).await;
    monotonic()
}

fn slowest(what: &str, spans: &[Duration], bound: f64) -> Figure {
    Figure::milliseconds(what, spans.iter().max().copied().unwrap_or_default(), Some(bound))
}

fn megabytes(what: &str, tree: Tree, bound: Option<f64>) -> Figure {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit after the point")]
    let value = tree.memory() as f64 / 1e6;
    Figure { what: what.to_owned(), value, bound, unit: "MB" }
}
