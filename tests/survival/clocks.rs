//! A wall clock that is years off, and put right again.

use http::StatusCode;
use jiff::SignedDuration;
use lamplighter_core::Phase;
use lamplighter_engine::ports::Clock as _;

use crate::support::{Outcome, Stage, ping};

const YEARS: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

#[tokio::test]
async fn a_clock_that_is_years_off_while_the_engine_runs_changes_nothing() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    for jump in [YEARS, -YEARS, -YEARS, YEARS] {
        stage.clock.jump_wall(jump);
        assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK, "after {jump:?}");
        let renewed = stage.next_attempt("linear").await?;
        assert_eq!(renewed.status, Phase::Running, "after {jump:?}");
    }
    let counts = linear.counts();
    assert_eq!((counts.reuse_detected, counts.authorization_requests, counts.mcp_unauthorized), (0, 1, 1));
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_years_off_at_the_start_costs_no_login() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    for jump in [YEARS, -YEARS, -YEARS, YEARS] {
        stage.stop().await?;
        stage.clock.jump_wall(jump);
        stage.start().await?;
        let running = stage.until("linear", |workload| workload.status == Phase::Running).await?;
        assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK, "after {jump:?}");
        let expires_at = running.expires_at.unwrap_or_default();
        let left = expires_at.duration_since(stage.clock.now().wall);
        assert!(left <= SignedDuration::from_hours(1), "no token lives longer than it did at first: {left:?}");
        assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running, "and it is renewed in time");
    }
    let counts = linear.counts();
    assert_eq!((counts.reuse_detected, counts.authorization_requests), (0, 1), "{counts:?}");
    Ok(())
}
