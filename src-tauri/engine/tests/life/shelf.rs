//! The secret store, which outlives every engine, is slow at times, and does not always answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lamplighter_core::condition::StoreFault;
use lamplighter_engine::grant::Secrets;
use lamplighter_engine::ports::{SecretStore, StoreError};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::world::{Life, World};

/// What is kept, and how the store is doing.
#[derive(Default)]
pub(super) struct Documents(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    documents: BTreeMap<String, Vec<u8>>,
    /// Every refresh token that ever was in it.
    held: BTreeSet<String>,
    fault: Option<StoreFault>,
    /// When it last refused to write, by the machine's time awake.
    refused: Option<Duration>,
}

impl Documents {
    pub(super) fn put(&self, name: &str, document: &[u8]) {
        let mut kept = self.0.lock().unwrap();
        let token = Secrets::decode(document).and_then(|secrets| secrets.grant?.refresh_token);
        kept.held.extend(token.map(|token| token.expose_secret().to_owned()));
        kept.documents.insert(name.to_owned(), document.to_vec());
    }

    pub(super) fn fail(&self, fault: Option<StoreFault>) {
        self.0.lock().unwrap().fault = fault;
    }

    pub(super) fn is_failing(&self) -> bool {
        self.0.lock().unwrap().fault.is_some()
    }

    /// Whether this refresh token ever was in it.
    pub(super) fn has_held(&self, refresh_token: &str) -> bool {
        self.0.lock().unwrap().held.contains(refresh_token)
    }

    /// Whether it refused to write since `moment`.
    pub(super) fn refused_since(&self, moment: Option<Duration>) -> bool {
        self.0.lock().unwrap().refused.is_some_and(|refused| moment.is_some_and(|moment| refused >= moment))
    }
}

/// The store as one life of the engine has it.
pub(super) struct Shelf {
    pub(super) world: Arc<World>,
    pub(super) life: Life,
}

impl Shelf {
    /// What `work` makes of what is kept, some time from now; a dead engine changes nothing any more.
    fn visit<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&Documents) -> Result<T, StoreError> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        async move {
            let longest = if self.world.one_in(20) { 4_000 } else { 30 };
            self.life.lasting(self.world.some_time(longest)).await;
            let fault = self.world.documents.0.lock().unwrap().fault;
            match fault {
                Some(fault) => Err(StoreError { fault, message: format!("{fault:?}") }),
                None => work(&self.world.documents),
            }
        }
        .boxed()
    }
}

impl SecretStore for Shelf {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SecretSlice<u8>>, StoreError>> {
        self.visit(|documents| Ok(documents.0.lock().unwrap().documents.get(name).cloned().map(Into::into)))
    }

    fn write<'a>(&'a self, name: &'a str, document: SecretSlice<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        let written = self.visit(move |documents| {
            documents.put(name, document.expose_secret());
            Ok(())
        });
        async move {
            let written = written.await;
            if written.is_err() {
                self.world.documents.0.lock().unwrap().refused = Some(self.world.clock.awake());
            }
            written
        }
        .boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.visit(|documents| {
            documents.0.lock().unwrap().documents.remove(name);
            Ok(())
        })
    }
}
