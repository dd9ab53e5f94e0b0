//! Names, addresses and options that cannot be, and orders that make no sense.

use serde_json::json;

use crate::foreign::Foreign;
use crate::stage::Typed;
use crate::support::{Outcome, Stage};

const SECRET: &str = "s3cret";

/// What each of `lines` says, one after the other; no secret is repeated.
async fn told(stage: &Stage, foreign: &Foreign, lines: &[&str]) -> Outcome<String> {
    let mut story = Vec::new();
    for line in lines {
        let mut typed = Typed::new(&line.replace("{origin}", &foreign.origin), &stage.profile(), &stage.clock);
        // Whoever begins to wait gives up.
        typed.interrupted = true;
        let run = typed.run().await?;
        let said = run.split_once('\n').map_or("", |(_, said)| said);
        assert!(!said.contains(SECRET), "{run}");
        story.push(run);
    }
    let story = without_states(&story.concat());
    let engine = stage.engine_file()?["address"].as_str().unwrap_or_default().to_owned();
    let story = story.replace(&foreign.origin, "http://SERVER").replace(&engine, "ENGINE");
    Ok(story.replace(SECRET, "…").replace('\u{7}', "\\u{7}"))
}

/// What is random in an address to be opened is another each time.
fn without_states(story: &str) -> String {
    let lines = story.lines().map(|line| {
        line.split_once("/authorize?").map_or(line.to_owned(), |(server, _)| format!("{server}/authorize?…"))
    });
    lines.fold(String::new(), |all, line| all + &line + "\n")
}

#[tokio::test]
async fn workloads_that_cannot_be() -> Outcome {
    let (stage, foreign) = (Stage::set().await?, Foreign::set().await?);
    let lines = [
        "add '' https://a.example/mcp",
        "add Linear https://a.example/mcp",
        "add my_linear https://a.example/mcp",
        "add a-name-that-goes-on-for-longer-than-forty-characters https://a.example/mcp",
        "add api https://a.example/mcp",
        "add mcp https://a.example/mcp",
        "add linear a.example/mcp",
        "add linear http://a.example/mcp",
        "add linear ftp://a.example/mcp",
        "add linear https://me:s3cret@a.example/mcp",
        "add linear https://a.example/mcp#tools",
        "add linear https://",
        "add linear https://a.example/mcp --scope 'read,\"write\"'",
        "add linear https://a.example/mcp --resource a.example",
        "add linear https://a.example/mcp --issuer http://auth.example",
        "add linear https://a.example/mcp --issuer https://auth.example/?tenant=1",
        "add linear https://a.example/mcp --client-id ''",
        "add linear https://a.example/mcp --grant password",
        "add linear https://a.example/mcp --grant bearer",
        "add linear https://a.example/mcp --grant client_credentials",
        "add linear https://a.example/mcp --grant client_credentials --client-id it",
        "add linear https://a.example/mcp --header s3cret",
        "add linear https://a.example/mcp --header =s3cret",
        "add linear https://a.example/mcp --header Authorization=s3cret",
        "add linear https://a.example/mcp --header X:Key=s3cret",
        "add linear https://a.example/mcp --header X-Key=s3cret\u{7}",
        "add linear https://a.example/mcp --resource https://a.example --no-resource",
        "add linear",
        "add linear https://a.example/mcp https://b.example/mcp",
    ];
    let mut story = vec![told(&stage, &foreign, &lines).await?];
    for (line, piped) in [
        ("add linear https://a.example/mcp --bearer-stdin --grant client_credentials", "s3cret\n"),
        ("add linear https://a.example/mcp --bearer-stdin", "\n"),
        ("add linear https://a.example/mcp --bearer-stdin", "s3cret two words\n"),
    ] {
        let mut typed = Typed::new(line, &stage.profile(), &stage.clock);
        typed.input = Box::new(piped.as_bytes());
        let run = typed.run().await?;
        assert!(!run.contains(SECRET), "{run}");
        story.push(run);
    }
    assert!(stage.handle()?.snapshot().workloads.is_empty(), "nothing was added: {story:?}");
    insta::assert_snapshot!(story.concat());
    Ok(())
}

#[tokio::test]
async fn names_that_are_taken_or_unknown() -> Outcome {
    let (stage, foreign) = (Stage::set().await?, Foreign::set().await?);
    stage.add(&json!({"name": "linear", "url": format!("{}/mcp", foreign.origin)})).await?;
    let lines = [
        "add linear {origin}/mcp",
        "status liner",
        "login liner",
        "logout liner",
        "retry liner",
        "start liner",
        "stop liner",
        "restart liner",
        "rm liner",
        "endpoint liner",
        "events liner",
        "status something-else",
        "status ''",
        "status ../linear",
        "status linear/login",
    ];
    insta::assert_snapshot!(told(&stage, &foreign, &lines).await?);
    Ok(())
}

#[tokio::test]
async fn orders_that_make_no_sense() -> Outcome {
    let (stage, foreign) = (Stage::set().await?, Foreign::set().await?);
    let url = format!("{}/mcp", foreign.origin);
    stage.add(&json!({"name": "asks", "url": url})).await?;
    stage.add(&json!({"name": "pasted", "url": url, "grant": "bearer", "bearer": SECRET})).await?;
    let client = json!({"name": "client", "url": url, "grant": "client_credentials", "client_id": "it",
        "client_secret": SECRET, "issuer": foreign.origin});
    stage.add(&client).await?;
    foreign.on("/mcp", 405, "", "");
    stage.add(&json!({"name": "open", "url": url})).await?;
    let lines = [
        "login pasted",
        "login client",
        "login open",
        "login open --device",
        "login asks --device",
        "login asks --timeout soon",
        "login asks --timeout -5m",
        "logout open",
        "start open",
        "stop asks",
        "stop asks",
        "retry asks",
        "logout asks",
        "retry",
        "retry asks --all",
    ];
    insta::assert_snapshot!(told(&stage, &foreign, &lines).await?);
    Ok(())
}

#[tokio::test]
async fn words_that_are_no_command() -> Outcome {
    let (stage, foreign) = (Stage::set().await?, Foreign::set().await?);
    let lines = [
        "lst",
        "--verbose list",
        "serve here",
        "serve --port 4114",
        "demo --seconds 0",
        "demo --seconds soon",
        "add",
        "login",
        "logout",
        "list linear",
        "list --jsn",
        "status",
        "start --all",
        "stop",
        "restart",
        "rm",
        "endpoint",
        "events linear github",
        "doctor --fix",
    ];
    insta::assert_snapshot!(told(&stage, &foreign, &lines).await?);
    Ok(())
}
