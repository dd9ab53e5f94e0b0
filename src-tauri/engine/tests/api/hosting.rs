//! What the program around the engine is asked for, and what it tells.

use http::StatusCode;
use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::host::{HostRequest, Screen};
use lamplighter_simulator::World;
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn without_a_host_there_is_neither_window_nor_simulator() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        let (status, problem) = stage.ask("POST /window", "").await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("no_window")));
        let (status, problem) = stage.ask("POST /simulated-server", "").await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("no_simulator")));
        // A host that has come and gone is none either.
        drop(stage.engine.handle().host_requests());
    }
}

#[tokio::test]
async fn what_a_host_leaves_unanswered_it_does_not_have() {
    let stage = Stage::new().await;
    let mut requests = stage.engine.handle().host_requests();
    let (asked, ()) = tokio::join!(stage.ask("POST /window", ""), async { drop(requests.recv().await) });
    assert_eq!(asked.1["code"], "no_window");
}

#[tokio::test]
async fn the_window_is_shown_where_it_was_asked_for() {
    let stage = Stage::new().await;
    stage.add("linear").await;
    let mut requests = stage.engine.handle().host_requests();
    let host = async {
        match requests.recv().await.unwrap() {
            HostRequest::ShowWindow { workload, screen, reply } => {
                reply.send(()).unwrap();
                (workload, screen)
            }
            HostRequest::SimulatedServer { .. } => panic!("a window was asked for"),
        }
    };
    let body = json!({"workload": "linear", "screen": "settings"});
    let ((status, _), place) = tokio::join!(stage.ask("POST /window", body), host);
    assert_eq!((status, place), (StatusCode::ACCEPTED, (Some("linear".to_owned()), Some(Screen::Settings))));

    for (body, status, word) in [
        (json!({"workload": "liner"}), StatusCode::NOT_FOUND, "did you mean `linear`?"),
        (json!({"screen": "log"}), StatusCode::UNPROCESSABLE_ENTITY, "one of add, settings"),
        (json!({"scren": "add"}), StatusCode::UNPROCESSABLE_ENTITY, "did you mean `screen`?"),
    ] {
        let (answered, problem) = stage.ask("POST /window", &body).await;
        assert_eq!(answered, status, "{problem}");
        assert!(problem.to_string().contains(word), "{problem}");
    }
}

#[tokio::test]
async fn a_workload_at_a_simulated_server_goes_with_it() {
    let stage = Stage::new().await;
    stage.add("real").await;
    let world = World::new();
    let mut requests = stage.engine.handle().host_requests();
    let host = async {
        while let Some(request) = requests.recv().await {
            if let HostRequest::SimulatedServer { reply } = request {
                reply.send(world.demonstration().unwrap().mcp_url()).unwrap();
                break;
            }
        }
    };
    let ((status, begun), ()) = tokio::join!(stage.ask("POST /simulated-server", ""), host);
    assert_eq!(status, StatusCode::CREATED, "{begun}");
    let (status, added) = stage.ask("POST /workloads", json!({"name": "practice", "url": begun["url"]})).await;
    assert_eq!((status, &added["look"]), (StatusCode::CREATED, &json!("sign_in_needed")), "{added}");

    let Stage { engine, home, .. } = stage;
    engine.stop().await;
    let kept = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert!(kept.contains("\"real\"") && !kept.contains("\"practice\""), "{kept}");
}

#[tokio::test]
async fn what_the_host_lacks_is_said_with_every_snapshot() {
    let stage = Stage::new().await;
    let handle = stage.engine.handle();
    assert_eq!(stage.ask("GET /workloads", "").await.1["conditions"], json!([]));
    let mut snapshots = handle.subscribe();
    snapshots.borrow_and_update();
    handle.set_host_conditions(vec![HostTrouble::NoTrayHost]);
    snapshots.changed().await.unwrap();
    assert_eq!(snapshots.borrow_and_update().conditions[0].code, "no_tray_host");
    assert_eq!(stage.ask("GET /workloads", "").await.1["conditions"][0]["code"], "no_tray_host");
    let (_, doctor) = stage.ask("GET /doctor", "").await;
    assert!(doctor["checks"].as_array().unwrap().iter().any(|check| check["code"] == "no_tray_host"), "{doctor}");
    handle.set_host_conditions(Vec::new());
    snapshots.changed().await.unwrap();
    assert_eq!(snapshots.borrow_and_update().conditions, []);
}
