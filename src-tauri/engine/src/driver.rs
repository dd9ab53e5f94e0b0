//! One task a workload: events in, commands out as errands. The only caller of `Monitor::handle`, so
//! the only place where a workload's state changes.

use std::future::Future;
use std::sync::Arc;

use lamplighter_core::condition::{Cause, UpstreamFault};
use lamplighter_core::entry::EntryKind;
use lamplighter_core::notice::Notice;
use lamplighter_core::{Command, Event, Monitor, Phase, Status};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::control::Revocation;
use crate::http::HttpClient;
use crate::machine::Machine;
use crate::metrics::Metrics;
use crate::ports::{Clock, Journal, Row};
use crate::probe;
use crate::registry::{Ask, Entry};
use crate::route::{Access, Credential};
use crate::session::{Outcome, Session};
use crate::settling::Settling;

/// A monitor at work.
pub(crate) struct Driver {
    pub(crate) monitor: Monitor,
    pub(crate) session: Arc<Session>,
    pub(crate) entry: Arc<Entry>,
    pub(crate) http: HttpClient,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) machine: Machine,
    /// Whether the machine is about to sleep: what is under way is finished, and nothing new is begun.
    pub(crate) falling_asleep: watch::Receiver<bool>,
    pub(crate) notices: mpsc::UnboundedSender<(String, Notice)>,
    pub(crate) reports: mpsc::UnboundedReceiver<Event>,
    pub(crate) asks: mpsc::UnboundedReceiver<Ask>,
    pub(crate) errands: Errands,
    pub(crate) settling: Settling,
    /// The credential of the lease that requests may carry.
    pub(crate) credential: Option<Arc<Credential>>,
    /// The one that came with the event being handled: taken only when the monitor takes its lease.
    pub(crate) offered: Option<Arc<Credential>>,
    /// Ends the requests that were let through so far.
    pub(crate) ends: CancellationToken,
    /// Those who wait for the end of a revocation.
    pub(crate) forgetting: Vec<oneshot::Sender<Revocation>>,
    /// The engine is stopping: what is under way is finished, nothing new is begun.
    pub(crate) draining: bool,
}

/// Work beside the loop; each errand answers with what it found out.
pub(crate) type Errands = JoinSet<Finished>;

/// How an errand ended.
pub(crate) enum Finished {
    /// With something for the monitor.
    Told(Outcome),
    /// With a grant to adopt, now adopted, and somebody who waits for it to be seen.
    Adopted(Outcome, oneshot::Sender<()>),
    /// The grant was revoked and forgotten.
    Forgotten(Revocation),
    /// With nothing to tell.
    Done,
}

impl Driver {
    /// Runs until it is drained.
    pub(crate) async fn run(mut self) {
        loop {
            let awake = !*self.falling_asleep.borrow_and_update();
            let due = self.monitor.deadline().filter(|_| awake).map(|(moment, _)| self.clock.sleep_until(moment));
            tokio::select! {
                biased;
                Some(finished) = self.errands.join_next() => self.finish(finished),
                Ok(()) = self.falling_asleep.changed() => {}
                ask = self.asks.recv() => match ask {
                    Some(ask @ (Ask::Handle(..) | Ask::Adopt(..) | Ask::Forget(..) | Ask::Times(..))) => self.answer(ask),
                    Some(Ask::Drain) | None => break,
                },
                Some(report) = self.reports.recv(), if awake => self.handle(report),
                () = maybe(due) => self.handle(Event::Woken),
            }
        }
        self.draining = true;
        if self.session.unsaved() {
            let errand = self.errand(Command::Store);
            self.errands.spawn(errand);
        }
        while let Some(finished) = self.errands.join_next().await {
            self.finish(finished);
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Handle(event, seen) => {
                self.handle(event);
                // Whoever asked may have gone: then nobody waits.
                let _ = seen.send(());
            }
            // Nothing is kept of a workload that goes; whoever asked learns it from the silence.
            Ask::Adopt(..) if self.monitor.status().phase == Phase::Removing => {}
            Ask::Adopt(grant, seen) => {
                let session = Arc::clone(&self.session);
                self.errands.spawn(async move { Finished::Adopted(session.adopt(*grant).await, seen) });
            }
            Ask::Forget(event, told) => {
                self.forgetting.push(told);
                self.handle(event);
            }
            Ask::Times(policy, seen) => {
                self.monitor.set_policy(policy, self.clock.now());
                self.publish();
                let _ = seen.send(());
            }
            Ask::Drain => {}
        }
    }

    fn finish(&mut self, finished: Result<Finished, tokio::task::JoinError>) {
        match finished {
            Ok(Finished::Told(outcome)) => self.take(outcome),
            Ok(Finished::Adopted(outcome, seen)) => {
                self.take(outcome);
                let _ = seen.send(());
            }
            Ok(Finished::Forgotten(revocation)) => {
                self.settling.begin(self.entry.route.name.as_str(), Arc::clone(&self.session));
                for told in self.forgetting.drain(..) {
                    let _ = told.send(revocation.clone());
                }
                self.publish();
            }
            Ok(Finished::Done) => {}
            // The monitor's own deadline for a lost answer goes on from here.
            Err(error) => {
                tracing::error!(workload = %self.entry.route.name, %error, "an errand broke off");
                // It may have been a revocation: nobody waits for one that will not be told.
                self.forgetting.clear();
            }
        }
    }

    fn take(&mut self, outcome: Outcome) {
        self.offered = outcome.credential;
        self.handle(outcome.event);
        self.offered = None;
    }

    fn handle(&mut self, event: Event) {
        let now = self.clock.now();
        let name = self.entry.route.name.as_str();
        for command in self.monitor.handle(event, now) {
            match command {
                Command::Record(entry) => {
                    if let (EntryKind::Attempt, Some(verdict)) = (entry.kind, entry.verdict) {
                        self.metrics.token_request(name, verdict);
                    }
                    self.journal.append(Row::new(now.wall, name, entry));
                }
                Command::Notify(notice) => {
                    let _ = self.notices.send((name.to_owned(), notice));
                }
                command @ (Command::Load
                | Command::Renew(_)
                | Command::Store
                | Command::Retire
                | Command::ForgetRegistration
                | Command::Forget
                | Command::Probe)
                    if !self.draining =>
                {
                    let errand = self.errand(command);
                    self.errands.spawn(errand);
                }
                Command::Load
                | Command::Renew(_)
                | Command::Store
                | Command::Retire
                | Command::ForgetRegistration
                | Command::Forget
                | Command::Probe => {}
            }
        }
        self.publish();
    }

    /// The work that `command` asks for; it runs beside the loop, since a keychain may ask its person first.
    fn errand(&self, command: Command) -> impl Future<Output = Finished> + Send + 'static {
        let session = Arc::clone(&self.session);
        let entry = Arc::clone(&self.entry);
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let word = self.monitor.status().cause.as_ref().map(Cause::code);
        let removing = self.monitor.status().phase == Phase::Removing;
        let vigil = if let Command::Renew(_) = command { self.machine.stay_awake() } else { None };
        async move {
            match command {
                Command::Load => Finished::Told(session.load().await),
                Command::Renew(attempt) => Finished::Told(match vigil {
                    Some(_vigil) => session.renew(attempt, &entry.route).await,
                    None => Session::unsent(attempt),
                }),
                Command::Store => Finished::Told(session.store().await),
                Command::Retire => {
                    session.retire(&word.unwrap_or_default()).await;
                    Finished::Done
                }
                Command::ForgetRegistration => {
                    session.forget_registration().await;
                    Finished::Done
                }
                Command::Forget => {
                    let revocation = session.forget().await;
                    if removing {
                        session.delete().await;
                    }
                    Finished::Forgotten(revocation)
                }
                Command::Probe => {
                    let access = entry.route.access().clone();
                    let seen = probe::look(&http, &*clock, &entry.route.upstream, &access).await;
                    let event = match seen {
                        Ok(seen) if seen.status.is_server_error() => {
                            Event::UpstreamFailed(UpstreamFault::ServerError(seen.status.as_u16()))
                        }
                        Ok(_) => Event::UpstreamReached,
                        Err(fault) => Event::UpstreamFailed(fault),
                    };
                    Finished::Told(Outcome { event, credential: None })
                }
                Command::Record(_) | Command::Notify(_) => Finished::Done,
            }
        }
    }

    /// Shows the state to callers and faces, where it differs from what they see.
    fn publish(&mut self) {
        let status = self.monitor.status();
        let usable = |credential: &Arc<Credential>| Some(credential.lease.id) == status.usable;
        self.credential = self.offered.take().filter(usable).or(self.credential.take()).filter(usable);
        let over = ends_requests(status).then(|| std::mem::take(&mut self.ends));
        let access = Access {
            credential: self.credential.clone(),
            headers: self.session.headers(),
            status: Arc::new(status.clone()),
            ends: self.ends.clone(),
        };
        self.entry.show(access, self.session.identity(), &self.clock.now());
        // Only now: whoever came later has been refused.
        if let Some(over) = over {
            over.cancel();
        }
    }
}

/// Whether requests that were let through must end. What ends a login by itself does not end what the server answers.
fn ends_requests(status: &Status) -> bool {
    match status.phase {
        Phase::Stopping | Phase::Stopped | Phase::Removing | Phase::PolicyStopped => true,
        Phase::Unauthenticated => status.cause == Some(Cause::SignedOut),
        Phase::Starting | Phase::Running | Phase::AuthRetrying | Phase::Unhealthy | Phase::Error | Phase::Unknown => {
            false
        }
    }
}

/// Ready when `due` is, if ever.
pub(crate) async fn maybe(due: Option<impl Future<Output = ()>>) {
    match due {
        Some(due) => due.await,
        None => std::future::pending().await,
    }
}
