//! What the UI knows of the control API, written from the API's own document: its types, and where each operation is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, command, output, run, top};
use crate::{tools, ui};

/// The files, and no others.
const FILES: [&str; 2] = ["operations.ts", "schema.d.ts"];

/// Writes them anew.
///
/// # Errors
/// When the document cannot be had, or a file cannot be written.
pub(crate) fn bindings() -> Result<()> {
    write(&ui::folder().join("src/api"))
}

/// Whether they are what they would be if they were written now.
///
/// # Errors
/// When they are not.
pub(crate) fn check() -> Result<()> {
    let fresh = top().join("target/bindings");
    write(&fresh)?;
    for file in FILES {
        let read = |folder: &Path| fs::read(folder.join(file)).ok();
        if read(&ui::folder().join("src/api")) != read(&fresh) {
            bail!("ui/src/api/{file} is not what the control API says\nhint: cargo xtask bindings");
        }
    }
    Ok(())
}

fn write(folder: &Path) -> Result<()> {
    tools::prepare_ui()?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let example = ["run", "--quiet", "--package", "lamplighter-engine", "--example", "openapi"];
    let document = output(&mut cargo(example))?;
    let source = top().join("target/openapi.json");
    fs::write(&source, &document).with_context(|| format!("cannot write {}", source.display()))?;
    let [operations, schema] = FILES.map(|file| folder.join(file));
    let table = table(&serde_json::from_str(&document)?)?;
    fs::write(&operations, table).with_context(|| format!("cannot write {}", operations.display()))?;
    let typescript = "node_modules/openapi-typescript/bin/cli.js";
    run(command("node", [typescript]).arg(&source).arg("--output").arg(&schema).current_dir(ui::folder()))
}

/// Every operation of `document` by its name, in TypeScript.
fn table(document: &Value) -> Result<String> {
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().context("the document has no paths")? {
        for (method, operation) in item.as_object().with_context(|| format!("{path} has no operations"))? {
            let name = operation["operationId"].as_str().with_context(|| format!("{method} {path} has no name"))?;
            let line = format!("  {name}: {{ method: \"{}\", path: \"{path}\" }},\n", method.to_uppercase());
            if operations.insert(name, line).is_some() {
                bail!("two operations are called {name}");
            }
        }
    }
    let lines: String = operations.into_values().collect();
    Ok(format!(
        "// Written by `cargo xtask bindings` from the control API's own document, and checked by `cargo xtask check`.\n\n\
         /** Where each operation is, below `/api/v1`. */\n\
         export const operations = {{\n{lines}}} as const;\n\n\
         export type Operation = keyof typeof operations;\n"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_told_in_order_with_method_and_path() {
        let named = |name| json!({ "operationId": name });
        let document = json!({ "paths": {
            "/workloads": { "get": named("list"), "post": named("add") },
            "/workloads/{name}": { "delete": named("remove") },
        } });
        let table = table(&document).unwrap();
        let lines: Vec<&str> = table.lines().filter(|line| line.starts_with("  ")).collect();
        assert_eq!(
            lines,
            [
                r#"  add: { method: "POST", path: "/workloads" },"#,
                r#"  list: { method: "GET", path: "/workloads" },"#,
                r#"  remove: { method: "DELETE", path: "/workloads/{name}" },"#,
            ]
        );
    }

    #[test]
    fn a_name_is_needed_and_given_once() {
        let twice = json!({ "paths": { "/a": { "get": { "operationId": "a" }, "post": { "operationId": "a" } } } });
        assert!(table(&twice).unwrap_err().to_string().contains("two operations are called a"));
        assert!(table(&json!({ "paths": { "/a": { "get": {} } } })).is_err());
    }
}
