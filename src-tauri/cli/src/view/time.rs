//! Times as people say them.

use std::time::Duration;

use jiff::Timestamp;

use super::Scene;

/// `in 41 min`, `12 s ago`, `now`.
pub(super) fn relative(time: Timestamp, scene: &Scene) -> String {
    let ahead = time.duration_since(scene.now);
    match ahead.as_secs() {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(ahead.unsigned_abs())),
        _ => format!("{} ago", span(ahead.unsigned_abs())),
    }
}

/// How long it has been so since `time`: `12 min`.
pub(super) fn since(time: Timestamp, scene: &Scene) -> String {
    span(Duration::try_from(scene.now.duration_since(time)).unwrap_or_default())
}

/// The two largest units of `span`, the smaller one only while it matters.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 => two(minutes, "min", seconds % 60, "s"),
        600..3_600 => format!("{minutes} min"),
        3_600..86_400 => two(hours, "h", minutes % 60, "min"),
        86_400..864_000 => two(days, "d", hours % 24, "h"),
        864_000.. => format!("{days} d"),
    }
}

/// `21 Nov 08:10:05` in the person's zone.
pub(super) fn stamp(time: Timestamp, scene: &Scene) -> String {
    time.to_zoned(scene.zone.clone()).strftime("%e %b %H:%M:%S").to_string()
}

/// `08:10` in the person's zone, with the day where it is another one than today.
pub(super) fn clock(time: Timestamp, scene: &Scene) -> String {
    let zoned = time.to_zoned(scene.zone.clone());
    let today = scene.now.to_zoned(scene.zone.clone()).date() == zoned.date();
    zoned.strftime(if today { "%H:%M" } else { "%-d %b %H:%M" }).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn scene() -> Scene {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        Scene { now, zone: TimeZone::UTC, width: None, colour: false }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn spans_are_said_with_no_more_than_two_units() {
        let said: Vec<String> = [0, 59, 60, 90, 599, 600, 3_599, 3_600, 7_500, 86_400, 93_600, 864_000]
            .map(|seconds| span(Duration::from_secs(seconds)))
            .to_vec();
        let expected = [
            "0 s",
            "59 s",
            "1 min",
            "1 min 30 s",
            "9 min 59 s",
            "10 min",
            "59 min",
            "1 h",
            "2 h 5 min",
            "1 d",
            "1 d 2 h",
            "10 d",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn relative_times_look_both_ways() {
        assert_eq!(relative(at("2026-11-21T08:41:00Z"), &scene()), "in 41 min");
        assert_eq!(relative(at("2026-11-21T07:59:48Z"), &scene()), "12 s ago");
        assert_eq!(relative(at("2026-11-21T08:00:00Z"), &scene()), "now");
    }

    #[test]
    fn the_day_is_named_when_it_is_another_one() {
        assert_eq!(clock(at("2026-11-21T08:10:00Z"), &scene()), "08:10");
        assert_eq!(clock(at("2026-11-22T08:10:00Z"), &scene()), "22 Nov 08:10");
    }
}
