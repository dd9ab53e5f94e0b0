//! One thread that does the blocking calls of a [`Vault`], in the order in which they came, so that a call that
//! hangs (a keychain that waits for its owner) costs one thread and nobody's patience.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lamplighter_core::Moment;
use lamplighter_core::condition::StoreFault;
use secrecy::{ExposeSecret as _, SecretSlice};
use tokio::sync::oneshot;

use super::{Vault, failed};
use crate::ports::{Clock, SecretStore, StoreError};

/// How long one call of the vault may take before those who wait for it, or behind it, are told that it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

type Answer = Result<Option<SecretSlice<u8>>, StoreError>;

/// Makes a vault into a [`SecretStore`].
///
/// Reads always ask the vault, for another process may have written. What was last read or written is remembered,
/// and serves while the vault is locked or absent.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    under_way: Arc<UnderWay>,
    known: Mutex<HashMap<String, SecretSlice<u8>>>,
    clock: Arc<dyn Clock>,
}

struct Job {
    name: String,
    errand: Errand,
    answer: oneshot::Sender<Answer>,
}

enum Errand {
    Read,
    Write(SecretSlice<u8>),
    Delete,
}

/// When the call that the vault is busy with was begun.
#[derive(Default)]
struct UnderWay(Mutex<Option<Moment>>);

impl Worker {
    /// Starts the thread; it ends with the store.
    pub(super) fn start(vault: impl Vault, clock: Arc<dyn Clock>) -> Self {
        let (jobs, queue) = mpsc::channel();
        let under_way = Arc::<UnderWay>::default();
        let (its_under_way, its_clock) = (under_way.clone(), clock.clone());
        let thread = std::thread::Builder::new().name("secrets".to_owned());
        if let Err(error) = thread.spawn(move || work(vault, &queue, &its_under_way, its_clock.as_ref())) {
            // The queue is closed then, and every call is answered so.
            tracing::error!(%error, "the secret store's thread did not start");
        }
        Self { jobs, under_way, known: Mutex::default(), clock }
    }

    /// Has the thread do `errand`, and waits for it as long as the vault gets on with its work.
    async fn ask(&self, name: &str, errand: Errand) -> Answer {
        let (answer, mut answered) = oneshot::channel();
        if self.jobs.send(Job { name: name.to_owned(), errand, answer }).is_err() {
            return Err(failed("the secret store's thread has ended".to_owned()));
        }
        let mut patience = self.clock.now().moment + PATIENCE;
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => {
                    return answer.unwrap_or_else(|_| Err(failed("the secret store's thread has ended".to_owned())));
                }
                () = self.clock.sleep_until(patience) => {}
            }
            // Behind others the wait may be longer, as long as theirs end.
            let begun = self.under_way.since().unwrap_or(patience);
            if begun + PATIENCE <= self.clock.now().moment {
                return Err(StoreError {
                    fault: StoreFault::Locked,
                    message: format!(
                        "the secret store has not answered for {} s; perhaps it waits to be unlocked",
                        PATIENCE.as_secs()
                    ),
                });
            }
            patience = begun + PATIENCE;
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, SecretSlice<u8>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for Worker {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Answer> {
        async move {
            let answer = self.ask(name, Errand::Read).await;
            let mut known = self.known();
            match answer {
                Ok(Some(document)) => {
                    known.insert(name.to_owned(), document.clone());
                    Ok(Some(document))
                }
                Ok(None) => {
                    known.remove(name);
                    Ok(None)
                }
                Err(error) => match (error.fault, known.get(name)) {
                    (StoreFault::Locked | StoreFault::Absent, Some(document)) => {
                        tracing::debug!(name, %error, "the secret store is away; what is known of it serves");
                        Ok(Some(document.clone()))
                    }
                    (StoreFault::Locked | StoreFault::Absent, None) | (StoreFault::Failed, _) => Err(error),
                },
            }
        }
        .boxed()
    }

    fn write<'a>(&'a self, name: &'a str, document: SecretSlice<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            // Also when it fails: an older document would bring back a refresh token that is used up.
            self.known().insert(name.to_owned(), document.clone());
            self.ask(name, Errand::Write(document)).await.map(drop)
        }
        .boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.known().remove(name);
            self.ask(name, Errand::Delete).await.map(drop)
        }
        .boxed()
    }
}

impl UnderWay {
    fn since(&self) -> Option<Moment> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Moment>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// The life of the thread.
fn work(mut vault: impl Vault, queue: &mpsc::Receiver<Job>, under_way: &UnderWay, clock: &dyn Clock) {
    while let Ok(Job { name, errand, answer }) = queue.recv() {
        // Whoever was told that it failed must not be made a liar later.
        if answer.is_closed() {
            continue;
        }
        under_way.set(Some(clock.now().moment));
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| match &errand {
            Errand::Read => vault.read(&name),
            Errand::Write(document) => vault.write(&name, document.expose_secret()).map(|()| None),
            Errand::Delete => vault.delete(&name).map(|()| None),
        }));
        under_way.set(None);
        // Whoever asked may have lost patience meanwhile.
        let _ = answer.send(done.unwrap_or_else(|_| Err(failed("the secret store panicked".to_owned()))));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;
    use crate::clock::VirtualClock;

    /// What the vault is to answer next.
    type Script = Box<dyn FnOnce() -> Answer + Send>;

    /// A vault that tells when a call has begun, and ends it when the test says how.
    struct Scripted {
        begun: mpsc::Sender<String>,
        answers: mpsc::Receiver<Script>,
    }

    impl Scripted {
        fn call(&self, call: String) -> Answer {
            self.begun.send(call).unwrap();
            self.answers.recv().unwrap()()
        }
    }

    impl Vault for Scripted {
        fn read(&mut self, name: &str) -> Answer {
            self.call(format!("read {name}"))
        }

        fn write(&mut self, name: &str, _: &[u8]) -> Result<(), StoreError> {
            self.call(format!("write {name}")).map(drop)
        }

        fn delete(&mut self, name: &str) -> Result<(), StoreError> {
            self.call(format!("delete {name}")).map(drop)
        }
    }

    struct Stage {
        store: Worker,
        clock: VirtualClock,
        begun: mpsc::Receiver<String>,
        answers: mpsc::Sender<Script>,
    }

    fn stage() -> Stage {
        let clock = VirtualClock::new();
        let (calls, begun) = mpsc::channel();
        let (answers, script) = mpsc::channel();
        let store = Worker::start(Scripted { begun: calls, answers: script }, Arc::new(clock.clone()));
        Stage { store, clock, begun, answers }
    }

    impl Stage {
        fn answer(&self, answer: impl FnOnce() -> Answer + Send + 'static) {
            self.answers.send(Box::new(answer)).unwrap();
        }
    }

    fn fails(fault: StoreFault) -> impl FnOnce() -> Answer {
        move || Err(StoreError { fault, message: String::new() })
    }

    fn holds(text: &'static str) -> impl FnOnce() -> Answer {
        move || Ok(Some(text.as_bytes().to_vec().into()))
    }

    fn text(answer: Answer) -> String {
        String::from_utf8(answer.unwrap().unwrap().expose_secret().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_given_up_and_so_are_those_behind_it() {
        let stage = stage();
        let mut first = stage.store.read("first");
        assert!(poll!(&mut first).is_pending());
        assert_eq!(stage.begun.recv().unwrap(), "read first");
        stage.clock.advance(Duration::from_secs(4));
        let mut second = stage.store.write("second", vec![1].into());
        assert!(poll!(&mut second).is_pending());

        stage.clock.advance(Duration::from_millis(5_999));
        assert!(poll!(&mut first).is_pending());
        stage.clock.advance(Duration::from_millis(1));
        assert_eq!(first.await.unwrap_err().fault, StoreFault::Locked);
        stage.clock.advance(Duration::from_secs(4));
        assert_eq!(second.await.unwrap_err().fault, StoreFault::Locked);

        // What was given up before it was begun is never begun.
        stage.answer(holds("late"));
        stage.answer(holds("here"));
        assert_eq!(text(stage.store.read("third").await), "here");
        assert_eq!(stage.begun.recv().unwrap(), "read third");
    }

    #[tokio::test]
    async fn a_long_queue_that_gets_on_is_no_hang() {
        let stage = stage();
        let mut first = stage.store.read("first");
        assert!(poll!(&mut first).is_pending());
        stage.begun.recv().unwrap();
        let mut second = stage.store.read("second");
        assert!(poll!(&mut second).is_pending());
        stage.clock.advance(Duration::from_secs(9));
        stage.answer(holds("1"));
        assert_eq!(text(first.await), "1");
        stage.begun.recv().unwrap();
        stage.clock.advance(Duration::from_secs(9));
        assert!(poll!(&mut second).is_pending(), "it waits for 18 s, but its own call has taken 9");
        stage.answer(holds("2"));
        assert_eq!(text(second.await), "2");
    }

    #[tokio::test]
    async fn what_is_known_serves_while_the_store_is_away_and_only_then() {
        let stage = stage();
        stage.answer(holds("old"));
        assert_eq!(text(stage.store.read("a").await), "old");
        stage.answer(fails(StoreFault::Locked));
        assert_eq!(text(stage.store.read("a").await), "old");
        stage.answer(fails(StoreFault::Absent));
        assert!(stage.store.write("a", b"new".to_vec().into()).await.is_err());
        stage.answer(fails(StoreFault::Absent));
        assert_eq!(text(stage.store.read("a").await), "new", "an older token would be a used one");
        stage.answer(fails(StoreFault::Failed));
        assert_eq!(stage.store.read("a").await.unwrap_err().fault, StoreFault::Failed);
        stage.answer(holds("another process wrote this"));
        assert_eq!(text(stage.store.read("a").await), "another process wrote this");
        stage.answer(fails(StoreFault::Locked));
        assert!(stage.store.delete("a").await.is_err());
        stage.answer(fails(StoreFault::Locked));
        assert_eq!(stage.store.read("a").await.unwrap_err().fault, StoreFault::Locked, "what was deleted is unknown");
    }

    #[tokio::test]
    async fn a_panic_of_the_store_is_its_answer_and_not_its_end() {
        let stage = stage();
        stage.answer(|| panic!("as some stores do"));
        assert_eq!(stage.store.read("a").await.unwrap_err().fault, StoreFault::Failed);
        stage.answer(holds("here"));
        assert_eq!(text(stage.store.read("a").await), "here");
    }
}
