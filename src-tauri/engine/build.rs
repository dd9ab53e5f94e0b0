//! Has a release built anew when the web UI that it holds was.

use std::path::Path;

/// Where the web UI is built.
const UI: &str = "../../ui/dist";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Any other build reads the files when they are asked for.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={UI}");
        if !Path::new(UI).is_dir() {
            println!("cargo::warning=this build has no web UI: `cargo xtask ui` builds it");
        }
    }
}
