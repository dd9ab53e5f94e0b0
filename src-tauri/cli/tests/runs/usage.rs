//! Help, and command lines that cannot be understood.

use insta::assert_snapshot;
use lamplighter_cli::ExitCode;

use crate::stage::Stage;

#[tokio::test]
async fn help_goes_to_standard_output() {
    assert_snapshot!(Stage::empty().run("--help").await);
}

#[tokio::test]
async fn every_command_has_help() {
    for command in [
        "serve", "open", "demo", "add", "login", "logout", "list", "status", "retry", "start", "stop", "restart", "rm",
        "endpoint", "events", "doctor",
    ] {
        let run = Stage::empty().run(&format!("{command} --help")).await;
        assert_eq!((run.code, run.stderr.as_str()), (ExitCode::Done, ""), "{command}");
        assert_snapshot!(format!("help_{command}"), run.stdout);
    }
}

#[tokio::test]
async fn what_later_issues_bring_is_absent() {
    for command in ["connect claude", "stdio linear"] {
        assert_eq!(Stage::empty().run(command).await.code, ExitCode::Usage, "{command}");
    }
}

#[tokio::test]
async fn a_mistake_is_a_cause_and_hints() {
    let lines = [
        "",
        "lits",
        "retry",
        "retry a --all",
        "status",
        "login a --timeut 3m",
        "list --nope",
        "demo --seconds 0",
        "add a https://a.example --grant password",
        "add a https://a.example --resource r --no-resource",
        "add a https://a.example --client-secret-stdin",
    ];
    let mut told = Vec::new();
    for line in lines {
        let run = Stage::empty().run(line).await;
        assert_eq!((run.code, run.stdout.as_str()), (ExitCode::Usage, ""), "{line}");
        if !line.is_empty() {
            told.push(format!("$ lamplighter {line}\n{}", run.stderr));
        }
    }
    assert_snapshot!(told.join("\n"));
}
