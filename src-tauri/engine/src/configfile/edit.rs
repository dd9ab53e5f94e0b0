//! Edits of the document, which is known to be a valid configuration: it has `[[workload]]` tables or none.
//!
//! `toml_edit` keeps what stands above a table as that table's prefix, and what stands below the last
//! one as the document's trailing text. A comment right above a table belongs to it; what a blank line
//! separates from it does not, and stays when the table goes.

use lamplighter_core::config::{GrantKind, Name, Resource, WorkloadConfig};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

const WORKLOAD: &str = "workload";
const STOPPED: &str = "stopped";

/// Whether there is a workload called `name`.
pub(super) fn has(document: &DocumentMut, name: &Name) -> bool {
    workloads(document).is_some_and(|tables| position(tables, name).is_some())
}

/// Appends a workload at the end of the file.
pub(super) fn add(document: &mut DocumentMut, workload: &WorkloadConfig) {
    let table = at_end(document, described(workload));
    let tables = document.entry(WORKLOAD).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(tables) = tables.as_array_of_tables_mut() {
        tables.push(table);
    }
}

/// `table`, made ready to stand at the end of `document`.
pub(super) fn at_end(document: &mut DocumentMut, mut table: Table) -> Table {
    // After every other table, wherever the other workloads stand.
    table.set_position(Some(isize::MAX));
    let above = document.trailing().as_str().unwrap_or_default().to_owned();
    let empty = document.is_empty() && above.is_empty();
    table.decor_mut().set_prefix(if empty { above } else { ended(above) + "\n" });
    document.set_trailing("");
    table
}

/// Removes a workload; `None` when there is none of this name.
pub(super) fn remove(document: &mut DocumentMut, name: &Name) -> Option<()> {
    let tables = document.get_mut(WORKLOAD)?.as_array_of_tables_mut()?;
    let table = tables.remove(position(tables, name)?);
    if tables.is_empty() {
        document.remove(WORKLOAD);
    }
    let above = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let stays = separate(above);
    if !stays.is_empty() {
        keep(document, table.position(), stays);
    }
    Some(())
}

/// Sets or clears `stopped`; `None` when there is no workload of this name.
pub(super) fn set_stopped(document: &mut DocumentMut, name: &Name, stopped: bool) -> Option<()> {
    let tables = document.get_mut(WORKLOAD)?.as_array_of_tables_mut()?;
    let index = position(tables, name)?;
    let table = tables.get_mut(index)?;
    let commented = is_commented(table, STOPPED);
    match table.get_mut(STOPPED).and_then(Item::as_value_mut) {
        Some(old) if stopped || commented => {
            let decor = old.decor().clone();
            *old = Value::from(stopped);
            *old.decor_mut() = decor;
        }
        Some(_) => {
            table.remove(STOPPED);
        }
        None if stopped => {
            table.insert(STOPPED, value(true));
        }
        None => {}
    }
    Some(())
}

fn workloads(document: &DocumentMut) -> Option<&ArrayOfTables> {
    document.get(WORKLOAD)?.as_array_of_tables()
}

fn position(tables: &ArrayOfTables, name: &Name) -> Option<usize> {
    tables.iter().position(|table| table.get("name").and_then(Item::as_str) == Some(name.as_str()))
}

/// The table of a workload, without what has its default.
fn described(workload: &WorkloadConfig) -> Table {
    let WorkloadConfig { name, url, client_id, scopes, resource, issuer, grant, headers, stopped, token: _ } = workload;
    let list = |words: &[String]| value(words.iter().collect::<Array>());
    let mut table = Table::new();
    table.insert("name", value(name.as_str()));
    table.insert("url", value(url.as_str()));
    if let Some(client_id) = client_id {
        table.insert("client_id", value(client_id));
    }
    if !scopes.is_empty() {
        table.insert("scopes", list(scopes));
    }
    match resource {
        Resource::Discovered => {}
        Resource::Fixed(resource) => drop(table.insert("resource", value(resource))),
        Resource::Omitted => drop(table.insert("resource", value(false))),
    }
    if let Some(issuer) = issuer {
        table.insert("issuer", value(issuer.as_str()));
    }
    if *grant != GrantKind::default() {
        table.insert("grant", value(grant.as_str()));
    }
    if !headers.is_empty() {
        table.insert("headers", list(headers));
    }
    if *stopped {
        table.insert(STOPPED, value(true));
    }
    table
}

/// The part of what stands above a table or key that does not belong to it: all down to the last blank line, which goes.
pub(super) fn separate(prefix: &str) -> &str {
    prefix.rfind("\n\n").map_or("", |blank| &prefix[..=blank])
}

/// Puts `text` where the table at `position` was: above the next one, or at the end.
pub(super) fn keep(document: &mut DocumentMut, position: Option<isize>, text: &str) {
    let apart = |below: &str| {
        let gap = if below.is_empty() || below.starts_with('\n') { "" } else { "\n" };
        format!("{text}{gap}{below}")
    };
    if let Some(next) = next_table(document, position) {
        let below = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        // A header follows at once, where trailing text may be all there is.
        let above = if below.is_empty() { format!("{text}\n") } else { apart(below) };
        next.decor_mut().set_prefix(above);
    } else {
        let below = document.trailing().as_str().unwrap_or_default();
        let above = apart(below);
        document.set_trailing(above);
    }
}

/// The first table that stands after `position` in the file.
fn next_table(document: &mut DocumentMut, position: Option<isize>) -> Option<&mut Table> {
    let mut tables = Vec::new();
    for (_, item) in document.iter_mut() {
        match item {
            Item::Table(table) => tables.push(table),
            Item::ArrayOfTables(array) => tables.extend(array.iter_mut()),
            Item::None | Item::Value(_) => {}
        }
    }
    tables.into_iter().filter(|table| table.position() > position).min_by_key(|table| table.position())
}

/// Whether a comment stands above `key` or beside its value.
fn is_commented(table: &Table, key: &str) -> bool {
    let Some((key, item)) = table.get_key_value(key) else { return false };
    let value = item.as_value().map(Value::decor);
    [Some(key.leaf_decor()), value]
        .into_iter()
        .flatten()
        .flat_map(|decor| [decor.prefix(), decor.suffix()])
        .flatten()
        .any(|text| text.as_str().is_some_and(|text| text.contains('#')))
}

fn ended(text: String) -> String {
    if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
}
