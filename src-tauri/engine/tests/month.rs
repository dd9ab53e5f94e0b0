//! A few months of weather, at every run of `cargo xtask test`; `cargo xtask life` lives thousands. Only where Tokio's own
//! chances can be drawn from the seed too is a month the same whenever it is lived, so only there are any.
#![cfg(tokio_unstable)]

mod life;

use life::Figures;

#[test]
fn no_month_of_weather_costs_a_login_or_breaks_another_promise() {
    let mut figures = Figures::default();
    for seed in 0..4 {
        match life::live(seed) {
            Ok((month, _)) => figures.add(month),
            Err(broken) => panic!("{broken}"),
        }
    }
    let happened =
        [figures.attempts, figures.episodes, figures.kills, figures.suspends, figures.ended, figures.calls.0];
    assert!(happened.iter().all(|count| *count > 3), "too little has happened to prove anything: {figures}");
}

#[test]
fn a_month_is_the_same_whenever_it_is_lived() {
    let [first, second] = [(); 2].map(|()| life::live(2).unwrap().1);
    assert_eq!(first, second);
}
