//! An engine that faults befall at random, under load, keeps the promises of the hours-long run (`cargo xtask endure
//! soak`) from its first seconds.

use std::time::Duration;

use lamplighter_endurance::product::Product;
use lamplighter_endurance::soak::{self, Cast};

#[tokio::test]
async fn an_engine_that_faults_befall_at_random_keeps_its_promises() {
    let cast = Cast { foreign: 1, simulated: 2 };
    let report = soak::ordeal(Product::new("file"), cast, Duration::from_secs(6), 7, |_, _| {}).await;
    assert!(report.broken().is_empty(), "{report}");
    let troubles: u64 = report.workloads.values().map(|workload| workload.lived.troubles).sum();
    assert!(troubles > 3 && report.answers.answered > 3, "something happened: {report}");
}
