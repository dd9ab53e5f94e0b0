//! Request bodies: a JSON object, bounded, whose unknown, missing and wrong fields are named.
//!
//! What is known, required and allowed is read off the type's schema, so that the `OpenAPI` document and
//! the errors cannot disagree. Values are never quoted: they may be secrets.

use std::collections::BTreeMap;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Array, ArrayItems, Object, Schema, SchemaType, Type};

use super::problem::{Problem, Word};
use crate::oauth::tame;

/// How much of a stranger's name for a field is repeated, in characters.
const SHOWN: usize = 80;

/// A request body of type `T`; an empty one is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + PartialSchema, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        parse(&bytes).map(Self)
    }
}

fn unread(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("the request body is longer than {} bytes", super::BODY_BOUND);
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Word::TooLarge, detail);
    }
    Problem::new(StatusCode::BAD_REQUEST, Word::Malformed, "the request body broke off")
}

/// The fields that were given, their values unread.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// Reads a request body; an empty one is an empty object.
///
/// # Errors
/// When it is not a JSON object, or a field is unknown, missing or of another type; the problem names the field.
pub fn parse<T: DeserializeOwned + PartialSchema>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    let given: Fields = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let detail = format!("the request body is not a JSON object ({place})");
        Problem::new(StatusCode::BAD_REQUEST, Word::Malformed, detail)
    })?;
    let schema = T::schema();
    if let Some(object) = object(&schema) {
        known(object, &given, "")?;
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let shown = tame(&path, SHOWN);
        let wanted = wanted(&schema, error.path()).unwrap_or_else(|| "of another type".to_owned());
        Problem::invalid(&path, format!("`{shown}` must be {wanted}"), None)
    })
}

/// Refuses an object with a field that the schema does not know, or without one that it requires, and likewise the
/// objects in it; `path` leads to it.
fn known(schema: &Object, given: &Fields<'_>, path: &str) -> Result<(), Problem> {
    if let Some(unknown) = given.keys().find(|name| !schema.properties.contains_key(*name)) {
        let names: Vec<&str> = schema.properties.keys().map(String::as_str).collect();
        let field = format!("{path}{unknown}");
        let detail = format!("there is no field `{}`", tame(&field, SHOWN));
        return Err(Problem::invalid(&field, detail, Some(suggest(unknown, &names))));
    }
    if let Some(missing) = schema.required.iter().find(|name| !given.contains_key(*name)) {
        let field = format!("{path}{missing}");
        return Err(Problem::invalid(&field, format!("the field `{field}` is missing"), None));
    }
    for (name, value) in given {
        // What is no object, where one is wanted, is refused by its type.
        if let Some(schema) = schema.properties.get(name).and_then(object)
            && let Ok(given) = serde_json::from_str(value.get())
        {
            known(schema, &given, &format!("{path}{name}."))?;
        }
    }
    Ok(())
}

/// The object with fields of its own that `schema` describes.
fn object(schema: &RefOr<Schema>) -> Option<&Object> {
    match present(schema) {
        RefOr::T(Schema::Object(object)) if !object.properties.is_empty() => Some(object),
        RefOr::T(_) | RefOr::Ref(_) => None,
    }
}

/// What `schema` allows where it allows `null` too.
fn present(schema: &RefOr<Schema>) -> &RefOr<Schema> {
    let is_null = |item: &&RefOr<Schema>| {
        matches!(item, RefOr::T(Schema::Object(Object { schema_type: SchemaType::Type(Type::Null), .. })))
    };
    match schema {
        RefOr::T(Schema::OneOf(one)) => one.items.iter().find(|item| !is_null(item)).unwrap_or(schema),
        RefOr::T(_) | RefOr::Ref(_) => schema,
    }
}

/// The nearest of `names`, else all of them.
fn suggest(unknown: &str, names: &[&str]) -> String {
    let nearest = names
        .iter()
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("allowed: {}", names.join(", ")),
    }
}

/// What the schema allows at `path`, in words.
fn wanted(schema: &RefOr<Schema>, path: &serde_path_to_error::Path) -> Option<String> {
    use serde_path_to_error::Segment;
    let mut at = present(schema);
    for segment in path {
        at = match (segment, at) {
            (Segment::Map { key }, RefOr::T(Schema::Object(object))) => match object.properties.get(key) {
                Some(property) => property,
                None => match object.additional_properties.as_deref()? {
                    utoipa::openapi::schema::AdditionalProperties::RefOr(values) => values,
                    utoipa::openapi::schema::AdditionalProperties::FreeForm(_) => return None,
                },
            },
            (Segment::Seq { .. }, RefOr::T(Schema::Array(Array { items: ArrayItems::RefOrSchema(items), .. }))) => {
                items
            }
            _ => break,
        };
        at = present(at);
    }
    let RefOr::T(schema) = at else { return None };
    words(schema)
}

fn words(schema: &Schema) -> Option<String> {
    let types = match schema {
        Schema::Array(_) => return Some("a list".to_owned()),
        Schema::Object(Object { enum_values: Some(values), .. }) => {
            let values: Vec<&str> = values.iter().filter_map(serde_json::Value::as_str).collect();
            return Some(format!("one of {}", values.join(", ")));
        }
        Schema::Object(object) => &object.schema_type,
        Schema::OneOf(_) | Schema::AllOf(_) | Schema::AnyOf(_) | _ => return None,
    };
    let types = match types {
        SchemaType::Type(one) => std::slice::from_ref(one),
        SchemaType::Array(several) => several.as_slice(),
        SchemaType::AnyValue => return None,
    };
    types
        .iter()
        .find_map(|one| match one {
            Type::String => Some("a string"),
            Type::Boolean => Some("true or false"),
            Type::Integer | Type::Number => Some("a number"),
            Type::Array => Some("a list"),
            Type::Object => Some("an object"),
            Type::Null => None,
        })
        .map(str::to_owned)
}
