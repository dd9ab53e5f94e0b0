//! An address that opens the web UI.

use http::StatusCode;
use lamplighter_engine::server::Site;

use crate::stage::Stage;

#[tokio::test]
async fn an_address_is_given_where_there_is_something_to_open() {
    let stage = Stage::new().await;
    let (status, answer) = stage.ask("POST /session", "").await;
    if Site::of_this_build().is_there() {
        assert_eq!(status, StatusCode::CREATED);
        let begins = format!("http://{}/signin#lamp_", stage.engine.address());
        let address = answer["address"].as_str().unwrap();
        assert!(address.starts_with(&begins) && address.len() == begins.len() + 43, "{address}");
        assert_ne!(stage.ask("POST /session", "").await.1, answer, "each is new");
    } else {
        assert_eq!((status, answer["code"].as_str()), (StatusCode::CONFLICT, Some("no_web_ui")));
    }
}
