//! What comes back from a browser, and what the token endpoint then says.

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::foreign::Foreign;
use crate::stage::Typed;
use crate::support::{Outcome, Stage, soon};

/// A sign-in at `foreign`, to which this address is pasted: what is read then. `{state}` stands for the one that is
/// waited for, `{origin}` for where the server is.
async fn pasted(foreign: &Foreign, line: &str) -> Outcome<String> {
    let stage = Stage::set().await?;
    Typed::new(&format!("add linear {}/mcp", foreign.origin), &stage.profile(), &stage.clock).run().await?;
    let (mut keyboard, input) = tokio::io::duplex(4096);
    let mut login = Typed::new("login linear --no-browser", &stage.profile(), &stage.clock);
    login.input = Box::new(input);
    let said = login.said();
    let login = tokio::spawn(login.run());
    let address = soon("the address is said", async {
        loop {
            if let Some(address) = said.text().lines().next().and_then(|line| line.parse::<Url>().ok()) {
                break address;
            }
            tokio::task::yield_now().await;
        }
    })
    .await?;
    let line = line.replace("{state}", &state(&address)?).replace("{origin}", &foreign.origin);
    keyboard.write_all(format!("{line}\n").as_bytes()).await?;
    // Where nothing of it counts, the sign-in still waits: the person gives up.
    let ended = async {
        while !login.is_finished() && !said.text().contains("error: ") && !said.text().contains("hint: ") {
            tokio::task::yield_now().await;
        }
    };
    soon("something is said", ended).await?;
    let told = if login.is_finished() { login.await?? } else { format!("{}(still waiting)\n", said.text()) };
    let told = told.replace(address.as_str(), "ADDRESS").replace(&foreign.origin, "SERVER");
    Ok(told
        .lines()
        .skip_while(|line| !line.starts_with("waiting "))
        .skip(1)
        .fold(String::new(), |all, line| all + line + "\n"))
}

/// By which the answer to `address` is known.
fn state(address: &Url) -> Outcome<String> {
    let found = address.query_pairs().find(|(key, _)| key == "state");
    found.map(|(_, value)| value.into_owned()).context("no state")
}

#[tokio::test]
async fn answers_of_the_authorization_server() -> Outcome {
    let back = "http://127.0.0.1:4114/callback";
    let mut story = Vec::new();
    for (what, line) in [
        ("denied", format!("{back}?error=access_denied&state={{state}}")),
        (
            "denied in words with tricks",
            format!("{back}?error=access_denied&error_description=No%0Atoday%E2%80%AE%1B[31m&state={{state}}"),
        ),
        ("a word that nobody knows", format!("{back}?error=%3Cscript%3E&state={{state}}")),
        ("neither code nor error", format!("{back}?state={{state}}")),
        ("an empty code", format!("{back}?code=&state={{state}}")),
        ("of another server", format!("{back}?code=c&state={{state}}&iss=https%3A%2F%2Fimpostor.example")),
        ("without a state", format!("{back}?code=c")),
        ("with the state of another", format!("{back}?code=c&state=other")),
        ("without an answer", back.to_owned()),
        ("no address", "code=c&state={state}".to_owned()),
        ("the address that was to be opened", "{origin}/authorize?response_type=code&state={state}".to_owned()),
    ] {
        story.push(format!("{what}\n{}\n", pasted(&Foreign::set().await?, &line).await?));
    }
    insta::assert_snapshot!(story.concat());
    Ok(())
}

#[tokio::test]
async fn answers_of_the_token_endpoint() -> Outcome {
    let mut story = Vec::new();
    for (what, status, body) in [
        ("a web page", 200, "<html>".to_owned()),
        ("a web page that forbids", 403, "<html>".to_owned()),
        ("nothing", 200, String::new()),
        ("cut off", 200, "{\"access_token\": \"a-tok".to_owned()),
        ("no token", 200, json!({"token_type": "Bearer"}).to_string()),
        ("a token that is none", 200, json!({"access_token": 7}).to_string()),
        ("a token that cannot be sent", 200, json!({"access_token": "a b"}).to_string()),
        ("refused", 400, json!({"error": "invalid_grant", "error_description": "code expired"}).to_string()),
        ("a client that is not known", 401, json!({"error": "invalid_client"}).to_string()),
        ("a word that nobody knows", 400, json!({"error": "no\u{1b}[31m such word"}).to_string()),
        ("elsewhere", 302, String::new()),
        ("busy", 503, String::new()),
    ] {
        let foreign = Foreign::set().await?;
        foreign.on("/token", status, "", &body);
        let told = pasted(&foreign, "http://127.0.0.1:4114/callback?code=the-code&state={state}").await?;
        assert!(!told.contains("the-code") && !told.contains("a-tok"), "{told}");
        story.push(format!("{what}\n{told}\n"));
    }
    let foreign = Foreign::set().await?;
    foreign.breaks_off("/token");
    story.push(format!(
        "it breaks off\n{}",
        pasted(&foreign, "http://127.0.0.1:4114/callback?code=c&state={state}").await?
    ));
    insta::assert_snapshot!(story.concat());
    Ok(())
}

/// What the page at `path` says.
async fn page(stage: &Stage, path: &str) -> Outcome<String> {
    let answer = stage.open(Method::GET, path, &Value::Null).await?;
    let html = String::from_utf8(answer.body.to_vec())?;
    let within = |tag: &str| {
        let (_, rest) = html.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    let said = [within("h1"), within("p")].into_iter().flatten().fold(String::new(), |all, line| all + &line + "\n");
    Ok(format!("{}\n{said}\n", answer.status))
}

#[tokio::test]
async fn callbacks_that_a_browser_brings() -> Outcome {
    let (stage, foreign) = (Stage::set().await?, Foreign::set().await?);
    stage.add(&json!({"name": "linear", "url": format!("{}/mcp", foreign.origin)})).await?;
    let begin = async || -> Outcome<String> { state(&stage.begin_sign_in("linear").await?) };
    let first = begin().await?;
    let waiting = begin().await?;
    let mut story = Vec::new();
    for (what, query) in [
        ("nothing", String::new()),
        ("no state", "?code=the-code".to_owned()),
        ("an empty state", "?code=the-code&state=".to_owned()),
        ("a wrong state", "?code=the-code&state=other".to_owned()),
        ("a state in other letters", format!("?code=the-code&state={}x", &waiting[..waiting.len() - 1])),
        ("the state of a sign-in that another has replaced", format!("?code=the-code&state={first}")),
        ("the right state second", format!("?code=the-code&state=other&state={waiting}")),
    ] {
        story.push(format!("{what}\n{}", page(&stage, &format!("/callback{query}")).await?));
    }
    let right = format!("/callback?code=the-code&state={waiting}");
    story.push(format!("the right one, when all that is over\n{}", page(&stage, &right).await?));
    story.push(format!("the same again\n{}", page(&stage, &right).await?));
    for (what, query) in [
        ("refused", "error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E"),
        ("without a code", ""),
        ("of another server", "code=the-code&iss=https%3A%2F%2Fimpostor.example"),
    ] {
        let path = format!("/callback?{query}&state={}", begin().await?);
        story.push(format!("{what}\n{}", page(&stage, &path).await?.replace(&foreign.origin, "SERVER")));
        story.push(format!("the same again\n{}", page(&stage, &path).await?));
    }
    let story = story.concat();
    assert!(!story.contains("the-code"), "{story}");
    insta::assert_snapshot!(story);
    Ok(())
}
