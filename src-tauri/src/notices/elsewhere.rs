//! Notices on macOS and Windows: shown, and no more. They neither replace each other nor tell of a click.

use futures_util::future::BoxFuture;
use notify_rust::Notification;

use super::{Board, NotShown, Notice, Shown};

pub(super) struct Elsewhere;

impl Board for Elsewhere {
    fn show<'a>(&'a self, notice: &'a Notice, _: Option<u32>) -> BoxFuture<'a, Result<Shown, NotShown>> {
        Box::pin(async move {
            let mut drawn = Notification::new();
            drawn.appname("Lamplighter").summary(&notice.title).body(&notice.body);
            let shown = tokio::task::spawn_blocking(move || drawn.show().map(drop)).await;
            shown.map_err(|error| NotShown(error.into()))?.map_err(|error| NotShown(error.into()))?;
            Ok(Shown { number: 0, clicked: Box::pin(std::future::pending()) })
        })
    }

    fn take_down(&self, _: u32) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
