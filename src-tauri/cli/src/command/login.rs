//! Signing in: show the address, open it, wait for the outcome of this very flow.

use std::time::Duration;

use lamplighter_client::{Client, Error};
use lamplighter_core::config::parse_duration;
use lamplighter_core::status::Workload;
use lamplighter_engine::api::{DeviceCode, LoginRequest, LoginStarted, Outcome};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use url::Url;

use super::Ended;
use crate::args::Login;
use crate::failure::Failure;
use crate::ports::{Out, Ports};
use crate::view;

/// How the wait ended.
enum Wait {
    Ended(Result<Outcome, Error>),
    TimedOut,
    Interrupted,
}

pub(super) async fn login(login: &Login, engine: &Client, mut ports: Ports, out: &mut Out) -> Ended {
    let name = login.name.as_str();
    let timeout = parse_duration("--timeout", &login.timeout)?;
    let request = LoginRequest { force: login.force, device: login.device };
    let begun: LoginStarted = engine.post(&["workloads", name, "login"], &request).await?;
    out.line(begun.authorization_url.as_str())?;
    if let Some(device) = &begun.device {
        out.note(&how_to_enter(device, &begun.authorization_url));
    } else if login.no_browser {
        out.note("open that address in a browser, on any machine; if it ends at a page that cannot be shown, paste the address of that page here");
    } else if let Err(error) = ports.browser.open(begun.authorization_url.as_str()) {
        out.note(&format!("the browser could not be opened ({error}): open that address yourself"));
    }
    let (place, longest) = begun.device.as_ref().map_or(("in the browser", timeout), |device| {
        ("on another device", timeout.min(Duration::from_secs(device.expires_in)))
    });
    let longest = view::span(longest);
    out.note(&format!("waiting for the sign-in to {name} {place}, {longest} at most; Ctrl-C cancels"));

    match wait(login, timeout, &begun, engine, &mut ports, out).await {
        Wait::Ended(Ok(Outcome { signed_in: true, .. })) => {
            out.note(&format!("signed in to {name}"));
            let workload: Workload = engine.get(&["workloads", name]).await?;
            Ok(view::exit_code(&workload))
        }
        Wait::Ended(Ok(Outcome { reason, .. })) => {
            let reason = reason.unwrap_or_else(|| "the server gave no reason".to_owned());
            Err(Failure::failed(format!("not signed in to {name}: {reason}")).hint(format!(
                "begin again with `lamplighter login {name}`; if it ends alike, tell who runs the server"
            )))
        }
        Wait::Ended(Err(error)) => Err(error.into()),
        Wait::TimedOut => {
            cancel(engine, name).await?;
            Err(Failure::failed(format!("nobody signed in to {name} within {}", view::span(timeout)))
                .hint("try again, with more time if need be: `--timeout 15m`"))
        }
        Wait::Interrupted => {
            cancel(engine, name).await?;
            Err(Failure::failed(format!("the sign-in to {name} was cancelled; nothing has changed")))
        }
    }
}

/// What a person without a browser here does elsewhere; `opened` is the address on standard output.
fn how_to_enter(DeviceCode { user_code, verification_uri, .. }: &DeviceCode, opened: &Url) -> String {
    if opened == verification_uri {
        return format!("open {verification_uri} in a browser on any device, and enter the code {user_code} there");
    }
    format!(
        "open that address in a browser on any device, and see that it shows the code {user_code}; or open \
         {verification_uri} and enter the code there"
    )
}

async fn cancel(engine: &Client, name: &str) -> Result<(), Failure> {
    Ok(engine.post(&["workloads", name, "cancel-login"], &()).await?)
}

/// Waits for the outcome, the time limit or the person, whichever comes first; meanwhile takes pasted addresses.
async fn wait(
    login: &Login,
    timeout: Duration,
    begun: &LoginStarted,
    engine: &Client,
    ports: &mut Ports,
    out: &mut Out,
) -> Wait {
    let flow = begun.flow.to_string();
    let path = ["workloads", login.name.as_str(), "login", flow.as_str()];
    let outcome = engine.get(&path);
    tokio::pin!(outcome);
    let give_up = ports.clock.now().moment + timeout;
    let takes_callbacks = login.no_browser && begun.device.is_none();
    let mut pasted = Pasted::of(takes_callbacks.then_some(&mut ports.input));
    loop {
        let now = ports.clock.now().moment;
        let left = give_up.since(now);
        if left.is_zero() {
            return Wait::TimedOut;
        }
        out.progress(&format!("{} left", view::span(left)));
        tokio::select! {
            biased;
            ended = &mut outcome => return Wait::Ended(ended),
            () = &mut ports.interrupted => return Wait::Interrupted,
            address = pasted.next() => paste(&address, engine, out).await,
            () = ports.clock.sleep_until(now + left.min(Duration::from_secs(1))) => {}
        }
    }
}

/// Hands a pasted address to the engine. How the flow ends is told by the flow.
async fn paste(address: &SecretString, engine: &Client, out: &mut Out) {
    #[derive(Serialize)]
    struct Request<'a> {
        url: &'a str,
    }
    let request = Request { url: address.expose_secret() };
    if let Err(error) = engine.post::<Outcome>(&["callback-paste"], &request).await {
        Failure::from(error).tell(out);
        out.note("still waiting");
    }
}

/// Lines from standard input; the end of it ends nothing.
struct Pasted<R>(Option<Lines<BufReader<R>>>);

impl<R: AsyncRead + Unpin> Pasted<R> {
    fn of(input: Option<R>) -> Self {
        Self(input.map(|input| BufReader::new(input).lines()))
    }

    /// The next line that is not empty; never ready when there is none.
    async fn next(&mut self) -> SecretString {
        while let Some(lines) = &mut self.0 {
            match lines.next_line().await {
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => return line.trim().into(),
                Ok(None) | Err(_) => self.0 = None,
            }
        }
        std::future::pending().await
    }
}
