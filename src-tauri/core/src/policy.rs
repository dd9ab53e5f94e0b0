//! The times of a monitor. Knows neither where they were set nor what they are for.

use std::time::Duration;

/// Times of one workload; the defaults are those of the design. Always consistent when it came from
/// [`crate::config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Short retry: first wait.
    pub initial_retry_interval: Duration,
    /// Short retry: longest wait.
    pub max_retry_interval: Duration,
    /// Short retry: tries, the first included.
    pub max_tries: u32,
    /// Short retry: total.
    pub max_elapsed_time: Duration,
    /// Tick in `auth_retrying`.
    pub auth_retrying_tick_interval: Duration,
    /// Ceiling of an episode.
    pub auth_retrying_max_elapsed: Duration,
    /// Refresh ahead of expiry; `None` is min(20 % of the lifetime, 5 m).
    pub refresh_margin: Option<Duration>,
    /// How long a caller waits for a refresh in flight.
    pub caller_wait: Duration,
    /// Settle time after a trigger.
    pub trigger_settle: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            initial_retry_interval: Duration::from_secs(10),
            max_retry_interval: Duration::from_mins(2),
            max_tries: 5,
            max_elapsed_time: Duration::from_mins(5),
            auth_retrying_tick_interval: Duration::from_mins(10),
            auth_retrying_max_elapsed: Duration::from_hours(24),
            refresh_margin: None,
            caller_wait: Duration::from_secs(10),
            trigger_settle: Duration::from_secs(2),
        }
    }
}
