//! The operations of the control API that the page may call, and the requests that they are. Method and path come from
//! the engine's own document.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value};

use super::BridgeError;

/// Those that the page may call. None of them answers with a key, or takes what a browser was given.
pub const ALLOWED: [&str; 19] = [
    "list",
    "one",
    "add",
    "remove",
    "retry",
    "start",
    "stop",
    "restart",
    "login",
    "outcome",
    "cancel_login",
    "logout",
    "reauthenticate",
    "rows",
    "history",
    "doctor",
    "settings",
    "change_settings",
    "simulated_server",
];

/// What is sent for an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    /// In segments below `/api/v1`.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
}

/// The operations by name.
pub(super) struct Operations(BTreeMap<String, Operation>);

/// Method and path template.
struct Operation {
    method: Method,
    path: String,
}

impl Operations {
    /// Those of this version's engine that the page may call.
    pub(super) fn of_the_api() -> Self {
        let document = lamplighter_engine::api::document();
        let mut operations = BTreeMap::new();
        for (path, item) in document.paths.paths {
            let methods = [
                (Method::GET, item.get),
                (Method::POST, item.post),
                (Method::PATCH, item.patch),
                (Method::DELETE, item.delete),
            ];
            for (method, operation) in methods {
                let name = operation.and_then(|operation| operation.operation_id);
                if let Some(name) = name.filter(|name| ALLOWED.contains(&name.as_str())) {
                    operations.insert(name, Operation { method, path: path.clone() });
                }
            }
        }
        Self(operations)
    }

    /// The request for the operation `name` with `parameters`.
    ///
    /// # Errors
    /// When the page may not call it, or its path lacks a parameter.
    pub(super) fn request(&self, name: &str, parameters: &Map<String, Value>) -> Result<Request, BridgeError> {
        let operation = self.0.get(name).ok_or_else(|| BridgeError::NotAllowed(name.to_owned()))?;
        let mut rest = parameters.clone();
        let mut path = Vec::new();
        for segment in operation.path.split('/').filter(|segment| !segment.is_empty()) {
            let parameter = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
            path.push(match parameter {
                None => segment.to_owned(),
                Some(parameter) => rest.remove(parameter).as_ref().and_then(text).ok_or_else(|| {
                    BridgeError::Parameter { operation: name.to_owned(), parameter: parameter.to_owned() }
                })?,
            });
        }
        let query = rest.into_iter().filter_map(|(name, value)| Some((name, text(&value)?))).collect();
        Ok(Request { method: operation.method.clone(), path, query })
    }
}

/// A parameter as it stands in an address.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(name: &str, parameters: Value) -> Result<Request, String> {
        let Value::Object(parameters) = parameters else { panic!("parameters are an object") };
        Operations::of_the_api().request(name, &parameters).map_err(|error| error.to_string())
    }

    #[test]
    fn every_operation_that_is_allowed_exists() {
        let operations = Operations::of_the_api();
        for name in ALLOWED {
            assert!(operations.0.contains_key(name), "{name}");
        }
        assert_eq!(operations.0.len(), ALLOWED.len());
    }

    #[test]
    fn what_gives_keys_away_is_not_allowed() {
        for name in ["endpoint", "callback_paste", "begin_session", "openapi", "show_window", "events", "nothing"] {
            let refused = request(name, json!({ "name": "linear" })).unwrap_err();
            assert_eq!(refused, format!("the window may not ask for {name:?}"));
        }
    }

    #[test]
    fn parameters_fill_the_path_and_what_is_left_is_the_query() {
        let login = request("outcome", json!({ "name": "linear", "flow": 7 })).unwrap();
        assert_eq!(login.method, Method::GET);
        assert_eq!(login.path, ["workloads", "linear", "login", "7"]);
        assert!(login.query.is_empty());
        let rows = request("rows", json!({ "workload": "linear", "limit": 5, "after": null })).unwrap();
        assert_eq!(rows.path.len(), 1);
        assert_eq!(rows.query, [("limit".to_owned(), "5".to_owned()), ("workload".to_owned(), "linear".to_owned())]);
    }

    #[test]
    fn a_path_that_lacks_a_parameter_is_no_request() {
        for parameters in [json!({}), json!({ "name": null }), json!({ "name": {} })] {
            assert_eq!(request("retry", parameters).unwrap_err(), "retry needs the parameter \"name\"");
        }
    }
}
