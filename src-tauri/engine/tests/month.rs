//! A few months of weather, at every run of the tests; `cargo xtask life` lives thousands.

mod life;

#[test]
fn no_month_of_weather_costs_a_login_or_breaks_another_promise() {
    for seed in 0..12 {
        if let Err(broken) = life::live(seed) {
            panic!("{broken}");
        }
    }
}

#[test]
fn a_month_is_the_same_whenever_it_is_lived() {
    let [first, second] = [(); 2].map(|()| life::live(7).unwrap().1);
    assert_eq!(first, second);
}
