//! Streams that are open, and on which nothing happens: what each takes.

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::Between;
use crate::measure::Effort;
use crate::measure::load::{Caller, Target};
use crate::measure::report::{Table, kib, mib, say, times};
use crate::measure::stopwatch::pause;

const STREAMS: [usize; 2] = [1_000, 5_000];

/// Streams that are being opened at one time.
const AT_ONCE: usize = 50;

pub(super) async fn measure(between: &Between, effort: Effort) -> Result<Table> {
    let columns = ["through", "1,000 streams, each", "5,000 streams, each", "kept when they are closed"];
    let mut table = Table::new("Streams: memory of those that are open and idle", columns);
    let mut of_relay = 0;
    for (name, target, process) in between.programs() {
        let held = || Ok::<_, anyhow::Error>(process.usage()?.memory);
        let before = held()?;
        let mut open = Vec::new();
        let mut row = vec![name.to_owned()];
        let mut each = 0;
        for count in STREAMS {
            say(&format!("{count} idle streams through {name}"));
            open.extend(silent(&target.below("/silence"), count - open.len()).await?);
            pause(effort.millis(1_000)).await;
            each = held()?.saturating_sub(before) / count as u64;
            row.push(kib(each));
        }
        drop(open);
        pause(effort.millis(2_000)).await;
        row.push(mib(held()?.saturating_sub(before)));
        table.row(row);
        if name == "TCP relay" {
            of_relay = each;
        } else if name == "Lamplighter" {
            table.remark(format!(
                "Proportional memory of the process, above what it held before; the kernel's buffers are not in it. An \
                 open stream takes {} in Lamplighter, {:.1} times what it takes in the bare relay.",
                kib(each),
                times(each, of_relay),
            ));
        }
    }
    Ok(table)
}

/// Opens `count` streams, and waits until each is heard of.
async fn silent(target: &Target, count: usize) -> Result<Vec<Incoming>> {
    stream::iter(0..count)
        .map(|_| async {
            let mut stream = Caller::connect(target.clone()).await?.open().await?;
            stream.frame().await.context("the stream ended")??;
            Ok(stream)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
