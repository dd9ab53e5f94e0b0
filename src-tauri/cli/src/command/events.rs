//! The journal, as it is and as it goes on.

use lamplighter_client::Client;
use lamplighter_engine::api::Rows;
use lamplighter_engine::ports::Row;

use super::{Ended, document, scene};
use crate::args::Events;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::{Out, Ports};
use crate::view;

pub(super) async fn events(engine: &Client, which: &Events, mut ports: Ports, out: &mut Out) -> Ended {
    let mut pairs: Vec<(&str, &str)> = which.name.iter().map(|name| ("workload", name.as_str())).collect();
    if which.json {
        // People read the newest; programs get all there is.
        pairs.push(("limit", "100000"));
    }
    let rows: Rows = engine.query(&["journal"], &pairs).await?;
    if which.json && !which.follow {
        document(&rows, out)?;
        return Ok(ExitCode::Done);
    }
    for row in &rows.events {
        tell(row, which, &ports, out)?;
    }
    if which.follow {
        return follow(engine, &rows, which, &mut ports, out).await;
    }
    if rows.events.is_empty() {
        out.note("nothing has happened yet");
    }
    Ok(ExitCode::Done)
}

async fn follow(engine: &Client, rows: &Rows, which: &Events, ports: &mut Ports, out: &mut Out) -> Ended {
    let seen = rows.events.last().map_or(0, |row| row.id);
    let mut stream = engine.events(Some(seen)).await?;
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            () = &mut ports.interrupted => return Ok(ExitCode::Done),
        };
        let event = event.ok_or_else(|| Failure::no_engine("the engine stopped"))?;
        if event.event != "journal" {
            continue;
        }
        let row: Row = serde_json::from_str(&event.data)
            .map_err(|error| Failure::failed(format!("the engine's event cannot be understood: {error}")))?;
        if which.name.as_ref().is_none_or(|name| *name == row.workload) {
            tell(&row, which, ports, out)?;
        }
    }
}

fn tell(row: &Row, which: &Events, ports: &Ports, out: &mut Out) -> Result<(), Failure> {
    let text = if which.json {
        serde_json::to_string(row)
            .map_err(|error| Failure::failed(format!("a row cannot be written as JSON: {error}")))?
    } else {
        view::row(row, &scene(ports, out))
    };
    Ok(out.line(&text)?)
}
