//! Edits of `[token]` and `[desktop]`, however the person wrote them: as a table, inline, or with dotted keys.

use lamplighter_core::config::TokenValue;
use toml_edit::{DocumentMut, Item, RawString, Table, TableLike, Value};

use super::edit;
use crate::settings::SettingsEdit;

const TOKEN: &str = "token";
const DESKTOP: &str = "desktop";

/// Makes `document` say what `settings` ask for.
pub(super) fn change(document: &mut DocumentMut, settings: &SettingsEdit) {
    for (key, value) in &settings.token {
        match value {
            Some(TokenValue::Span(text)) => set(document, TOKEN, key, text.as_str().into()),
            Some(TokenValue::Count(count)) => set(document, TOKEN, key, i64::from(*count).into()),
            None => unset(document, TOKEN, key),
        }
    }
    if let Some(notifications) = settings.desktop.notifications {
        set(document, DESKTOP, "notifications", notifications.into());
    }
    if let Some(theme) = settings.desktop.theme {
        set(document, DESKTOP, "theme", theme.as_str().into());
    }
}

/// Sets `key` of the table called `title`, which is made where it is missing. What stands around an old value stays.
fn set(document: &mut DocumentMut, title: &str, key: &str, value: Value) {
    if !document.contains_key(title) {
        let table = edit::at_end(document, Table::new());
        document.insert(title, Item::Table(table));
    }
    let Some(table) = table(document, title) else { return };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

/// Takes `key` out of the table called `title`, with the comments right above it; a table that has nothing left, not even
/// a comment, goes too.
fn unset(document: &mut DocumentMut, title: &str, key: &str) {
    let Some(table) = table(document, title) else { return };
    let Some(index) = table.iter().position(|(name, _)| name == key) else { return };
    let above = table.key(key).map(|key| text(key.leaf_decor().prefix()).to_owned()).unwrap_or_default();
    table.remove(key);
    let stays = edit::separate(&above);
    let next = table.iter().nth(index).map(|(name, _)| name.to_owned());
    match next.and_then(|next| table.key_mut(&next)) {
        _ if stays.is_empty() => {}
        Some(mut next) => {
            let below = text(next.leaf_decor().prefix());
            let gap = if below.starts_with('\n') { "" } else { "\n" };
            let prefix = format!("{stays}{gap}{below}");
            next.leaf_decor_mut().set_prefix(prefix);
        }
        None => {
            let position = document.get(title).and_then(Item::as_table).and_then(Table::position);
            edit::keep(document, position, stays);
        }
    }
    clear(document, title);
}

/// Removes the table called `title` where it is empty and no comment is about it.
fn clear(document: &mut DocumentMut, title: &str) {
    let Some((key, item)) = document.get_key_value(title) else { return };
    let (position, decor) = match item {
        Item::Table(table) if table.is_empty() => (table.position(), table.decor()),
        Item::Value(Value::InlineTable(table)) if table.is_empty() => (None, table.decor()),
        Item::None | Item::Value(_) | Item::Table(_) | Item::ArrayOfTables(_) => return,
    };
    let above = format!("{}{}", text(key.leaf_decor().prefix()), text(decor.prefix()));
    let stays = edit::separate(&above).to_owned();
    if above[stays.len()..].contains('#') || text(decor.suffix()).contains('#') {
        return;
    }
    document.remove(title);
    if !stays.is_empty() {
        edit::keep(document, position, &stays);
    }
}

fn table<'d>(document: &'d mut DocumentMut, title: &str) -> Option<&'d mut dyn TableLike> {
    document.get_mut(title)?.as_table_like_mut()
}

fn text(decor: Option<&RawString>) -> &str {
    decor.and_then(RawString::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
