//! Clients that stop reading while their server goes on sending: what is held for each.

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::Between;
use crate::measure::Effort;
use crate::measure::load::{Caller, Target};
use crate::measure::report::{Table, kib, say};
use crate::measure::stopwatch::pause;

const READERS: u64 = 20;

/// Each reads as much, and then no more.
const READ: usize = 4 << 20;

pub(super) async fn measure(between: &Between, effort: Effort) -> Result<Table> {
    let columns = ["through", "held for each, soon", "and later"];
    let mut table = Table::new("Streams: clients that stop reading after 4 MiB, while the server goes on", columns);
    for (name, target, process) in between.programs() {
        say(&format!("{READERS} clients through {name} that stop reading"));
        let before = process.usage()?.memory;
        let readers = try_join_all((0..READERS).map(|_| reader(target.below("/flood")))).await?;
        let mut row = vec![name.to_owned()];
        let mut held = [0; 2];
        for (span, held) in [500, 4_500].into_iter().zip(&mut held) {
            pause(effort.millis(span)).await;
            *held = process.usage()?.memory.saturating_sub(before) / READERS;
            row.push(kib(*held));
        }
        table.row(row);
        drop(readers);
        if name == "Lamplighter" {
            let [soon, later] = held.map(kib);
            table.remark(format!(
                "The server sends as fast as it can, without end. Lamplighter holds {later} for each client that does not \
                 read, and {soon} a while before: the server is made to wait (goal: bounded, whatever is sent)."
            ));
        }
    }
    Ok(table)
}

async fn reader(target: Target) -> Result<Incoming> {
    let mut answer = Caller::connect(target).await?.open().await?;
    let mut read = 0;
    while read < READ {
        read += answer.frame().await.context("it ended")??.data_ref().map_or(0, bytes::Bytes::len);
    }
    Ok(answer)
}
