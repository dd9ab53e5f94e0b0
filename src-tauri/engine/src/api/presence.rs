//! Says in the document what holds of every answer: a field is always there, and `null` where it is not known. What may
//! be left out is never `null`. A request is free to leave out what may be `null`.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::schema::{Object, Schema, SchemaType, Type};
use utoipa::openapi::{Components, OpenApi, RefOr};

/// Begins the reference to a schema.
const SCHEMAS: &str = "#/components/schemas/";

/// Requires, in every schema but those of requests, each field that may be `null`.
pub(super) fn describe(document: &mut OpenApi) {
    let requests = requests(document);
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (_, schema) in schemas.filter(|(name, _)| !requests.contains(*name)) {
        require(schema);
    }
}

fn require(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let nullable = object.properties.iter().filter(|(_, field)| may_be_null(field)).map(|(name, _)| name);
            let missing = nullable.filter(|name| !object.required.contains(name)).cloned().collect::<Vec<_>>();
            object.required.extend(missing);
        }
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(require),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

fn may_be_null(field: &RefOr<Schema>) -> bool {
    let is_null = |types: &SchemaType| match types {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(several) => several.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match field {
        RefOr::T(Schema::Object(Object { schema_type, .. })) => is_null(schema_type),
        RefOr::T(Schema::Array(array)) => is_null(&array.schema_type),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(may_be_null),
        RefOr::T(_) | RefOr::Ref(_) => false,
    }
}

/// The names of all schemas that requests are made of.
fn requests(document: &OpenApi) -> BTreeSet<String> {
    let items = document.paths.paths.values();
    let operations = items.flat_map(|item| [&item.post, &item.put, &item.patch, &item.delete]).flatten();
    let mut names = BTreeSet::new();
    for body in operations.filter_map(|operation| operation.request_body.as_ref()) {
        gather(&serde_json::to_value(body).unwrap_or_default(), document.components.as_ref(), &mut names);
    }
    names
}

/// Adds what `value` refers to, and what that refers to.
fn gather(value: &Value, components: Option<&Components>, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|field| gather(field, components, names)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, components, names)),
        Value::String(text) => {
            let Some(name) = text.strip_prefix(SCHEMAS) else { return };
            let schema = components.and_then(|components| components.schemas.get(name));
            if names.insert(name.to_owned()) {
                gather(&serde_json::to_value(schema).unwrap_or_default(), components, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
