//! Documents in a store whose items are too small for them (Windows: 2,560 bytes).
//!
//! The item under the document's own name holds one byte and then either the whole document or the generation and
//! number of its parts, which lie in items beside it. A new generation is written before the first item turns to it, so
//! that a crash at any point leaves the old document or the new one.

use secrecy::{ExposeSecret as _, SecretSlice};
use zeroize::Zeroizing;

use super::{Vault, failed};
use crate::ports::StoreError;

/// A vault whose items hold at most `limit` bytes, as one for documents of up to 255 times that.
pub(super) struct Split<V> {
    items: V,
    limit: usize,
}

const WHOLE: u8 = 0;
const PARTS: u8 = 1;

/// Where the parts of a document are.
#[derive(Clone, Copy)]
struct Parts {
    generation: u8,
    count: u8,
}

impl Parts {
    fn of(first: &[u8]) -> Option<Self> {
        match first {
            [PARTS, generation, count] => Some(Self { generation: *generation, count: *count }),
            _ => None,
        }
    }

    fn names(self, document: &str) -> impl Iterator<Item = String> {
        (0..self.count).map(move |part| format!("{document}/part-{}-{part}", self.generation))
    }
}

impl<V: Vault> Split<V> {
    pub(super) fn new(items: V, limit: usize) -> Self {
        Self { items, limit }
    }

    fn parts(&mut self, name: &str) -> Result<Option<Parts>, StoreError> {
        Ok(self.items.read(name)?.and_then(|first| Parts::of(first.expose_secret())))
    }

    fn drop_parts(&mut self, name: &str, parts: Option<Parts>) -> Result<(), StoreError> {
        parts.into_iter().flat_map(|parts| parts.names(name)).try_for_each(|part| self.items.delete(&part))
    }
}

impl<V: Vault> Vault for Split<V> {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let Some(first) = self.items.read(name)? else { return Ok(None) };
        let first = first.expose_secret();
        if let Some((&WHOLE, document)) = first.split_first() {
            return Ok(Some(document.to_vec().into()));
        }
        let parts = Parts::of(first).ok_or_else(|| failed(format!("the item {name:?} is none of ours")))?;
        // Large enough at once: growing would leave copies behind.
        let mut document = Vec::with_capacity(self.limit * usize::from(parts.count));
        for part in parts.names(name) {
            let part = self.items.read(&part)?.ok_or_else(|| failed(format!("the item {part:?} is missing")))?;
            document.extend_from_slice(part.expose_secret());
        }
        Ok(Some(document.into()))
    }

    fn write(&mut self, name: &str, document: &[u8]) -> Result<(), StoreError> {
        let before = self.parts(name)?;
        if document.len() < self.limit {
            let mut whole = Zeroizing::new(Vec::with_capacity(self.limit));
            whole.push(WHOLE);
            whole.extend_from_slice(document);
            self.items.write(name, &whole)?;
        } else {
            let generation = before.map_or(0, |before| before.generation.wrapping_add(1));
            let chunks = document.chunks(self.limit);
            let count = u8::try_from(chunks.len())
                .map_err(|_| failed(format!("{name:?} has {} bytes, too many for this store", document.len())))?;
            for (part, chunk) in (Parts { generation, count }).names(name).zip(chunks) {
                self.items.write(&part, chunk)?;
            }
            self.items.write(name, &[PARTS, generation, count])?;
        }
        self.drop_parts(name, before)
    }

    fn delete(&mut self, name: &str) -> Result<(), StoreError> {
        let parts = self.parts(name)?;
        self.items.delete(name)?;
        self.drop_parts(name, parts)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Small items, and perhaps a crash at the n-th change.
    #[derive(Default)]
    struct Items {
        items: BTreeMap<String, Vec<u8>>,
        changes_left: Option<usize>,
    }

    impl Items {
        fn change(&mut self) -> Result<(), StoreError> {
            match &mut self.changes_left {
                Some(0) => return Err(failed("crashed".to_owned())),
                Some(left) => *left -= 1,
                None => {}
            }
            Ok(())
        }
    }

    impl Vault for Items {
        fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
            Ok(self.items.get(name).map(|item| item.clone().into()))
        }

        fn write(&mut self, name: &str, item: &[u8]) -> Result<(), StoreError> {
            assert!(item.len() <= 10, "an item holds ten bytes");
            self.change()?;
            self.items.insert(name.to_owned(), item.to_vec());
            Ok(())
        }

        fn delete(&mut self, name: &str) -> Result<(), StoreError> {
            self.change()?;
            self.items.remove(name);
            Ok(())
        }
    }

    fn text(store: &mut Split<Items>) -> Option<String> {
        store.read("a").unwrap().map(|document| String::from_utf8(document.expose_secret().to_vec()).unwrap())
    }

    #[test]
    fn documents_of_any_length_come_back_and_leave_nothing_behind() {
        let mut store = Split::new(Items::default(), 10);
        for length in [0, 1, 9, 10, 11, 20, 21, 95, 5, 2_550] {
            let document = "0123456789".repeat(255)[..length].to_owned();
            store.write("a", document.as_bytes()).unwrap();
            assert_eq!(text(&mut store), Some(document));
            let items = if length < 10 { 1 } else { 1 + length.div_ceil(10) };
            assert_eq!(store.items.items.len(), items, "items of a document of {length} bytes");
        }
        store.delete("a").unwrap();
        assert_eq!(text(&mut store), None);
        assert!(store.items.items.is_empty());
    }

    #[test]
    fn a_document_that_is_too_long_is_refused_and_the_old_one_stays() {
        let mut store = Split::new(Items::default(), 10);
        store.write("a", b"old").unwrap();
        assert!(store.write("a", &[b'x'; 2_551]).is_err());
        assert_eq!(text(&mut store).as_deref(), Some("old"));
    }

    #[test]
    fn a_crash_at_any_point_leaves_the_old_document_or_the_new_one() {
        let old = "an old document of several parts";
        let new = "a new one of several parts, rather longer than the old one was";
        for crash_at in 0.. {
            let mut store = Split::new(Items::default(), 10);
            store.write("a", old.as_bytes()).unwrap();
            store.items.changes_left = Some(crash_at);
            let done = store.write("a", new.as_bytes());
            store.items.changes_left = None;
            let found = text(&mut store);
            assert!(found.as_deref() == Some(old) || found.as_deref() == Some(new), "after {crash_at}: {found:?}");
            if done.is_ok() {
                assert_eq!(found.as_deref(), Some(new));
                break;
            }
        }
    }

    #[test]
    fn a_missing_part_is_said_and_not_passed_over() {
        let mut store = Split::new(Items::default(), 10);
        store.write("a", b"a document of several parts").unwrap();
        store.items.items.remove("a/part-0-1");
        let error = store.read("a").unwrap_err();
        assert!(error.message.contains("part-0-1"), "{error}");
    }
}
