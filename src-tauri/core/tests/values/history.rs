//! What a day looks like in the journal.

use jiff::{SignedDuration, Timestamp};
use lamplighter_core::Phase;
use lamplighter_core::history::{Mark, Span, What, history};
use proptest::prelude::*;

use Phase::{AuthRetrying, Removing, Running, Starting, Stopped, Stopping, Unauthenticated, Unknown};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_248_000 + 60 * minute).unwrap()
}

fn mark(minute: i64, what: What) -> Mark {
    Mark { at: at(minute), what }
}

fn is(minute: i64, phase: Phase) -> Mark {
    mark(minute, What::Status("linear".to_owned(), phase))
}

/// The spans of `linear` between the minutes 0 and 100, as the minute where each begins.
fn day(marks: &[Mark]) -> Vec<(i64, Phase)> {
    let spans = history(marks, ["linear".to_owned()], at(0), at(100)).remove("linear").unwrap();
    assert_whole(&spans, at(0), at(100));
    spans.iter().map(|span| (span.from.duration_since(at(0)).as_mins(), span.status)).collect()
}

fn assert_whole(spans: &[Span], from: Timestamp, to: Timestamp) {
    assert_eq!(spans.first().map(|first| first.from), Some(from));
    assert_eq!(spans.last().map(|last| last.to), Some(to));
    assert!(spans.iter().all(|span| span.from < span.to), "{spans:?}");
    for pair in spans.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "one begins where the other ends");
        assert_ne!(pair[0].status, pair[1].status, "two that are alike are one");
    }
}

#[test]
fn nothing_told_is_nothing_known() {
    assert_eq!(day(&[]), [(0, Unknown)]);
}

#[test]
fn what_began_before_goes_on_at_the_beginning() {
    assert_eq!(
        day(&[is(-500, Running), is(30, AuthRetrying), is(60, Running)]),
        [(0, Running), (30, AuthRetrying), (60, Running)]
    );
}

#[test]
fn an_engine_that_stopped_is_not_known_until_it_has_started() {
    let marks = [
        mark(-10, What::Started),
        is(-10, Starting),
        is(-9, Running),
        mark(20, What::Stopped),
        mark(50, What::Started),
        is(51, Starting),
        is(52, Running),
    ];
    assert_eq!(day(&marks), [(0, Running), (20, Unknown), (51, Starting), (52, Running)]);
}

#[test]
fn an_engine_that_was_killed_is_known_until_its_last_row() {
    let marks = [is(-9, Running), mark(40, What::Alive), mark(50, What::Started), is(50, Starting), is(52, Running)];
    assert_eq!(day(&marks), [(0, Running), (40, Unknown), (50, Starting), (52, Running)]);
    let other = mark(45, What::Status("notion".to_owned(), Running));
    let marks = [is(-9, Running), other, mark(50, What::Started), is(50, Running)];
    assert_eq!(day(&marks), [(0, Running), (45, Unknown), (50, Running)], "any row shows that it ran");
}

#[test]
fn an_engine_that_was_killed_before_is_known_from_its_start_only() {
    let marks = [is(-90, Running), mark(-80, What::Alive), mark(-5, What::Started), is(5, Running)];
    assert_eq!(day(&marks), [(0, Unknown), (5, Running)]);
}

#[test]
fn what_is_kept_stopped_is_stopped_again_when_the_engine_starts() {
    for last in [Stopped, Stopping] {
        let marks = [is(-5, Running), is(10, last), mark(20, What::Stopped), mark(50, What::Started), is(80, Starting)];
        assert_eq!(day(&marks), [(0, Running), (10, last), (20, Unknown), (50, Stopped), (80, Starting)]);
    }
}

#[test]
fn a_workload_that_is_not_there_is_not_known() {
    let marks = [is(-5, Running), is(10, Removing), mark(20, What::Stopped), mark(50, What::Started), is(80, Starting)];
    assert_eq!(day(&marks), [(0, Running), (10, Unknown), (80, Starting)]);
}

#[test]
fn a_clock_that_is_set_back_undoes_nothing() {
    let marks = [is(-5, Running), is(30, Unauthenticated), is(10, Running), is(40, AuthRetrying)];
    assert_eq!(day(&marks), [(0, Running), (40, AuthRetrying)], "what came at once leaves no span");
    assert_eq!(day(&[is(-5, Running), is(200, Unauthenticated)]), [(0, Running)], "nor does what is yet to come");
}

#[test]
fn each_workload_has_its_own_past() {
    let marks = [is(0, Running), mark(10, What::Status("notion".to_owned(), AuthRetrying))];
    let told = history(&marks, ["linear".to_owned(), "notion".to_owned()], at(0), at(100));
    let linear = [Span { from: at(0), to: at(100), status: Running }];
    let notion =
        [Span { from: at(0), to: at(10), status: Unknown }, Span { from: at(10), to: at(100), status: AuthRetrying }];
    assert_eq!((told["linear"].as_slice(), told["notion"].as_slice()), (linear.as_slice(), notion.as_slice()));
}

fn marks() -> impl Strategy<Value = Vec<Mark>> {
    let phase = prop::sample::select(vec![Starting, Running, AuthRetrying, Unauthenticated, Stopped, Removing]);
    let what = prop_oneof![
        Just(What::Started),
        Just(What::Stopped),
        Just(What::Alive),
        phase.clone().prop_map(|phase| What::Status("linear".to_owned(), phase)),
        phase.prop_map(|phase| What::Status("notion".to_owned(), phase)),
    ];
    prop::collection::vec((-200i64..300, what).prop_map(|(minute, what)| mark(minute, what)), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_adjoin_and_cover_the_whole(marks in marks(), begin in -100i64..100, length in 1i64..200) {
        let (from, to) = (at(begin), at(begin) + SignedDuration::from_mins(length));
        let told = history(&marks, ["linear".to_owned(), "notion".to_owned()], from, to);
        for spans in told.values() {
            assert_whole(spans, from, to);
        }
    }

    #[test]
    fn whoever_was_told_last_is_right(marks in marks(), phase in prop::sample::select(vec![Running, Unauthenticated])) {
        let marks: Vec<Mark> = marks.into_iter().chain([is(0, phase)]).collect();
        let now = marks.iter().map(|mark| mark.at).max().unwrap() + SignedDuration::from_mins(1);
        let told = history(&marks, ["linear".to_owned()], now - SignedDuration::from_hours(24), now);
        prop_assert_eq!(told["linear"].last().map(|span| span.status), Some(phase));
    }
}
