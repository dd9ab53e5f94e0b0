//! The ways out that nobody hopes for: cancelled, too slow, the engine gone, nobody who reads on.

use std::io;
use std::time::Duration;

use crate::foreign::Foreign;
use crate::stage::{Typed, before};
use crate::support::{Outcome, Stage, soon};

/// An engine with a workload that asks for a sign-in.
async fn stage(foreign: &Foreign) -> Outcome<Stage> {
    let stage = Stage::set().await?;
    Typed::new(&format!("add linear {}/mcp", foreign.origin), &stage.profile(), &stage.clock).run().await?;
    Ok(stage)
}

/// What `line` says from the wait on, without the address to be opened.
fn from_the_wait_on(said: &str) -> String {
    said.lines()
        .enumerate()
        .filter(|(number, line)| *number == 0 || !line.starts_with("http"))
        .fold(String::new(), |all, (_, line)| all + line + "\n")
}

#[tokio::test]
async fn sign_ins_that_end_otherwise() -> Outcome {
    let foreign = Foreign::set().await?;
    let stage = stage(&foreign).await?;

    let mut cancelled = Typed::new("login linear", &stage.profile(), &stage.clock);
    cancelled.interrupted = true;
    let mut story = vec![from_the_wait_on(&cancelled.run().await?)];

    let late = Typed::new("login linear --timeout 1m", &stage.profile(), &stage.clock);
    let (said, late) = (late.said(), tokio::spawn(late.run()));
    before(&said, "waiting for").await?;
    let passing = async {
        while !late.is_finished() {
            stage.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    soon("its time is over", passing).await?;
    story.push(from_the_wait_on(&late.await??));

    let overtaken = Typed::new("login linear", &stage.profile(), &stage.clock);
    let (said, overtaken) = (overtaken.said(), tokio::spawn(overtaken.run()));
    before(&said, "waiting for").await?;
    let signed_out = Typed::new("logout linear", &stage.profile(), &stage.clock).run().await?;
    story.push(from_the_wait_on(&overtaken.await??));
    story.push(signed_out);

    insta::assert_snapshot!(story.concat());
    Ok(())
}

#[tokio::test]
async fn answers_that_nobody_takes() -> Outcome {
    let foreign = Foreign::set().await?;
    let mut stage = stage(&foreign).await?;
    let mut story = Vec::new();
    for line in ["list --all", "list --json", "status linear", "events --json", "endpoint linear"] {
        for (what, why) in
            [("the reader has gone", io::ErrorKind::BrokenPipe), ("the disk is full", io::ErrorKind::StorageFull)]
        {
            let mut typed = Typed::new(line, &stage.profile(), &stage.clock);
            typed.fails = Some(why);
            story.push(format!("{what}\n{}\n", typed.run().await?));
        }
    }

    let follows = Typed::new("events --follow --json", &stage.profile(), &stage.clock);
    let (said, follows) = (follows.said(), tokio::spawn(follows.run()));
    // It goes on from what it began with: what comes now is shown once it listens.
    before(&said, "{").await?;
    Typed::new("stop linear", &stage.profile(), &stage.clock).run().await?;
    before(&said, "\"stopped\"").await?;
    stage.stop().await?;
    let told = follows.await??;
    story.push("the engine stops\n".to_owned());
    story.push(told.lines().filter(|line| !line.starts_with('{')).fold(String::new(), |all, line| all + line + "\n"));

    insta::assert_snapshot!(story.concat());
    Ok(())
}
