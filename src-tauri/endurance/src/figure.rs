//! A figure beside what it may be. Knows nothing of what is measured.

use std::fmt;
use std::time::Duration;

/// A figure, and what it may be at most.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The figure.
    pub value: f64,
    /// Its bound, where there is one.
    pub bound: Option<f64>,
    /// What both are counted in.
    pub unit: &'static str,
}

impl Figure {
    /// A time, and its bound in milliseconds.
    pub fn milliseconds(what: impl Into<String>, span: Duration, bound: Option<f64>) -> Self {
        Self { what: what.into(), value: span.as_secs_f64() * 1000.0, bound, unit: "ms" }
    }

    /// Whether it is within its bound.
    pub fn holds(&self) -> bool {
        self.bound.is_none_or(|bound| self.value <= bound)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, value, bound, unit } = self;
        write!(out, "{what:<58} {value:>8.1} {unit}")?;
        match bound {
            Some(bound) => write!(out, "  ({} {bound} {unit})", if self.holds() { "within" } else { "BEYOND" }),
            None => Ok(()),
        }
    }
}
