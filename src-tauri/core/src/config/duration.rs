//! Durations as the design writes them: `250ms`, `90s`, `10m`, `24h`, `1h30m`.

use std::time::Duration;

use super::error::Fault;

/// Units, the largest first: their order in a duration, too.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A hundred years: beyond it arithmetic on times would have to fear overflow, and nobody waits that long.
const LONGEST: Duration = Duration::from_hours(876_000);

const HINT: &str = "a duration is whole numbers with the units h, m, s, ms, the largest first: \"250ms\", \"90s\", \
                    \"10m\", \"24h\", \"1h30m\"";

/// Parses a duration above zero.
pub(crate) fn parse(text: &str, example: &str) -> Result<Duration, Fault> {
    let hint = || format!("{HINT}; for example {example}");
    if text.strip_prefix('-').is_some_and(|rest| sum(rest).is_ok()) {
        return Err(Fault::of(text, "is not above zero", hint()));
    }
    let span = match sum(text) {
        Ok(span) => span,
        Err(Misread::NotADuration) => return Err(Fault::of(text, "is not a duration", hint())),
        Err(Misread::TooLong) => return Err(too_long(text, hint())),
    };
    if span.is_zero() {
        return Err(Fault::of(text, "is not above zero", hint()));
    }
    if span > LONGEST {
        return Err(too_long(text, hint()));
    }
    Ok(span)
}

/// Writes a duration the way it is read: `1h30m`.
pub(crate) fn format(span: Duration) -> String {
    let mut rest = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.concat() }
}

enum Misread {
    NotADuration,
    TooLong,
}

fn sum(text: &str) -> Result<Duration, Misread> {
    let mut units = UNITS.iter();
    let mut millis: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return Err(Misread::NotADuration);
    }
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |letter| !letter.is_ascii_digit());
        let (unit, after) = split_where(after, |letter| letter.is_ascii_digit());
        if number.is_empty() {
            return Err(Misread::NotADuration);
        }
        // Going on where the last one was found makes units descend and come once.
        let (_, size) = units.find(|(name, _)| *name == unit).ok_or(Misread::NotADuration)?;
        // Digits alone fail to parse only by being too many.
        let number: u64 = number.parse().map_err(|_| Misread::TooLong)?;
        millis = number.checked_mul(*size).and_then(|part| millis.checked_add(part)).ok_or(Misread::TooLong)?;
        rest = after;
    }
    Ok(Duration::from_millis(millis))
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

fn too_long(text: &str, hint: String) -> Fault {
    Fault::of(text, "is longer than 876000h (a hundred years)", hint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Duration> {
        parse(text, "x = \"1s\"").ok()
    }

    #[test]
    fn the_documented_forms_are_read() {
        for (text, millis) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("10m", 600_000),
            ("24h", 86_400_000),
            ("1h30m", 5_400_000),
            ("2m0s", 120_000),
            ("1h1m1s1ms", 3_661_001),
            ("876000h", 3_153_600_000_000),
        ] {
            assert_eq!(read(text), Some(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            " ",
            "10",
            "s",
            "10 s",
            " 10s",
            "10s ",
            "+10s",
            "-10s",
            "1.5h",
            "10S",
            "10sec",
            "1m1h",
            "1s1s",
            "1d",
            "1w",
            "1us",
            "10m5",
            "٣s",
            "0s",
            "0h0m",
            "876001h",
            "99999999999999999999s",
            "9999999999999999999h",
            "876000h1ms",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(millis in 1_u64..=3_153_600_000_000) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(read(&format(span)), Some(span));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = read(&text);
        }

        #[test]
        fn no_likely_text_panics(text in "([0-9]{0,25}(h|m|s|ms|x)?){0,6}") {
            let _ = read(&text);
        }
    }
}
