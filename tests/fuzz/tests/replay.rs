//! Every input that is kept is run again: seeds, and what once broke something.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use lamplighter_fuzz::{TARGETS, run};

#[test]
fn what_must_hold_holds_of_every_kept_input() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = names(&corpus);
    assert_eq!(folders, TARGETS.map(|(name, _)| name), "each kind of input has a folder, and each folder a kind");
    let mut broken = Vec::new();
    for target in folders {
        let files = names(&corpus.join(&target));
        assert!(!files.is_empty(), "{target} has no input");
        for file in files {
            let input = fs::read(corpus.join(&target).join(&file)).unwrap();
            if catch_unwind(|| run(&target, &input)).is_err() {
                broken.push(format!("{target}/{file}"));
            }
        }
    }
    assert!(broken.is_empty(), "what must hold does not of {broken:?}");
}

#[expect(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}
