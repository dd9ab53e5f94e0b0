//! Prints the `OpenAPI` document of the control API: `cargo xtask bindings` reads it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let document = serde_json::to_vec_pretty(&lamplighter_engine::api::document())?;
    std::io::stdout().write_all(&document)
}
