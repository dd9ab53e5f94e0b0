//! The program itself, with its log at the most talkative level, through a day with trouble and a crash.

use lamplighter_endurance::product::{NAME, Product};
use lamplighter_simulator::{CANARY, Endpoint, Fault, World, person};
use rustix::process::{Pid, Signal, kill_process};

use crate::search::Evidence;

#[tokio::test]
async fn what_the_program_says_and_leaves_behind_holds_no_secret() {
    let server = World::new().server("tools").unwrap();
    let mut product = Product::new("file");
    product.set("LAMPLIGHTER_LOG", "trace");
    product.set("RUST_BACKTRACE", "full");
    let mut evidence = Evidence::default();
    evidence.secret("the canary", CANARY);
    evidence.secret("a key", "lamp_");
    evidence.allow("a key", "lamplighter/engine.json");

    let engine = product.serve().await;
    evidence.add("add", product.done(&["add", NAME, server.mcp_url().as_str()]).await);
    for _ in 0..2 {
        let mut login = product.begin(&["login", NAME, "--no-browser"]);
        let address = login.line().await;
        let (status, page) = person::sign_in(&address.parse().unwrap()).await.unwrap();
        assert!(status.is_success(), "{page}");
        assert_eq!(login.ended().await.code(), Some(0));
        product.refresh().await;
        server.fail_times(Endpoint::Token, 1, &Fault::Page(http::StatusCode::FORBIDDEN));
        product.refresh().await;
        for command in ["list", "status", "events", "doctor"] {
            let run = product.run(&[command, "--json"]).await;
            evidence.add(command, run.stdout + &run.stderr);
        }
        // The address alone goes to standard output, for whoever asked.
        evidence.add("open", product.run(&["open", "--no-browser"]).await.stderr);
        evidence.add("logout", product.done(&["logout", NAME]).await);
    }
    product.done(&["login", NAME]).await;
    let mut engine = engine;
    kill_process(Pid::from_raw(engine.id().try_into().unwrap()).unwrap(), Signal::ABORT).unwrap();
    assert!(!engine.ended().await.success());
    let engine = product.serve().await;
    product.refresh().await;

    evidence.add_files(product.profile().parent().unwrap()).unwrap();
    assert!(engine.terminate().await.success());
    let log = std::fs::read_to_string(product.log()).unwrap();
    assert!(log.contains("TRACE"), "{log}");
    assert!(evidence.covers("lamplighter.stderr") && evidence.covers("lamplighter/engine.json"));
    assert_eq!(evidence.leaks(), Vec::<String>::new());
}
