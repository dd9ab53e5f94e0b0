//! A month in a person's life, in virtual time, over the real engine: core, driver, session and HTTP; with the network,
//! the servers, the secret store, the journal and the clocks simulated. What may go wrong, goes wrong, and what must hold
//! is looked at all the time. A month is told from all others by its seed, and is the same whenever it is lived.
#![expect(clippy::disallowed_methods, reason = "Tokio's time is paused here: it is the simulated time")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checks;
mod client;
mod clock;
mod computer;
mod diary;
mod figures;
mod month;
mod network;
mod person;
mod server;
mod shelf;
mod story;
mod world;

pub(crate) use figures::Figures;
pub(crate) use story::Broken;

/// Lives the month `seed`.
///
/// # Errors
/// When a promise is broken: the story of how it came to that.
pub(crate) fn live(seed: u64) -> Result<(Figures, Vec<String>), Broken> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Without it, who is told of a change first is another one each time.
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(month::live(seed))
}
