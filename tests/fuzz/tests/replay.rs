//! Every input that is kept is run again: seeds, and what once broke something.

use std::fs;
use std::path::Path;

use lamplighter_fuzz::{TARGETS, run};

#[test]
fn what_must_hold_holds_of_every_kept_input() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = names(&corpus);
    assert_eq!(folders, TARGETS.map(|(name, _)| name), "each kind of input has a folder, and each folder a kind");
    for target in folders {
        let folder = corpus.join(&target);
        let files = names(&folder);
        assert!(!files.is_empty(), "{target} has no input");
        for file in files {
            // Shown only when the test fails: then the last one is it.
            println!("{target}/{file}");
            run(&target, &fs::read(folder.join(file)).unwrap());
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}
