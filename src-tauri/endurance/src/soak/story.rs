//! The life of one workload during the run: calms and troubles, and what people do to it.

use std::sync::Mutex;
use std::time::Duration;

use super::chronicle::Deeds;
use super::control::Control;
use super::place::Place;
use super::weather::{Day, Deed, Midway, Pace, days};
use crate::patience::{Stopwatch, pause};

/// One workload, and where its servers are.
pub(super) struct Home {
    pub(super) name: String,
    pub(super) place: Place,
    control: Control,
    lived: Mutex<Lived>,
}

/// What became of a workload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lived {
    /// What people did.
    pub deeds: Deeds,
    /// How often something went wrong.
    pub troubles: u64,
    /// The longest that it took to run again once nothing was wrong any more.
    pub longest_way_back: Duration,
    /// Whether it ran again whenever it should, until the end.
    pub whole: bool,
}

impl Home {
    pub(super) fn new(name: String, place: Place, control: Control) -> Self {
        Self { name, place, control, lived: Mutex::default() }
    }

    /// What has become of it so far.
    pub(super) fn lived(&self) -> Lived {
        *self.lived.lock().unwrap()
    }

    fn note(&self, change: impl FnOnce(&mut Lived)) {
        change(&mut self.lived.lock().unwrap());
    }

    /// Adds the workload, and signs in.
    pub(super) async fn settle(&self) {
        self.control.add(&self.name, &self.place.url()).await;
        self.sign_in().await;
        self.control.until_is(&self.name, "running").await;
    }

    /// Lives through days drawn from `seed` until `span` is over; ends running.
    pub(super) async fn live(&self, seed: u64, pace: Pace, span: Duration) {
        let watch = Stopwatch::start();
        let troubles = self.place.troubles(pace);
        for Day { calm, deed, trouble, lasts, midway } in days(seed, pace) {
            let way_back = self.control.until_is(&self.name, "running").await;
            self.note(|lived| lived.longest_way_back = lived.longest_way_back.max(way_back));
            if watch.elapsed() > span {
                self.note(|lived| lived.whole = true);
                break;
            }
            pause(calm).await;
            if let Some(deed) = deed {
                self.undergo(deed).await;
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a part of a short list"
            )]
            let trouble = &troubles[(trouble * troubles.len() as f64) as usize];
            self.place.strike(trouble).await;
            pause(lasts / 2).await;
            match midway {
                None => {}
                Some(Midway::Ask) => self.control.order(&self.name, "retry").await,
                Some(Midway::Rest) => {
                    self.note(|lived| lived.deeds.rests += 1);
                    self.rest().await;
                    self.control.order(&self.name, "start").await;
                }
            }
            pause(lasts / 2).await;
            self.place.lift(trouble).await;
            self.note(|lived| lived.troubles += 1);
        }
    }

    async fn undergo(&self, deed: Deed) {
        let name = &self.name;
        self.control.until_is(name, "running").await;
        match deed {
            Deed::Rest => {
                self.note(|lived| lived.deeds.rests += 1);
                self.rest().await;
            }
            Deed::SignOut => {
                self.note(|lived| lived.deeds.sign_outs += 1);
                self.finish_what_is_under_way().await;
                self.control.order(name, "logout").await;
                self.sign_in().await;
            }
            Deed::Revoke => {
                self.note(|lived| lived.deeds.revocations += 1);
                self.place.revoke().await;
                self.control.until_is(name, "unauthenticated").await;
                self.sign_in().await;
            }
            Deed::Rejoin => {
                self.note(|lived| lived.deeds.rejoins += 1);
                self.finish_what_is_under_way().await;
                self.control.remove(name).await;
                return self.settle().await;
            }
        }
        self.control.order(name, "start").await;
        self.control.until_is(name, "running").await;
    }

    async fn rest(&self) {
        self.control.order(&self.name, "stop").await;
        self.control.until_is(&self.name, "stopped").await;
    }

    /// A sign-in beside a refresh for the grant that is given up is two requests at once, as some servers count them.
    async fn finish_what_is_under_way(&self) {
        if self.place.counts_sign_ins() {
            self.rest().await;
        }
    }

    async fn sign_in(&self) {
        let address = self.control.begin_sign_in(&self.name).await;
        self.place.agree(&address).await;
    }
}
