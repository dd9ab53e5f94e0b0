//! A workload that was just added, as people read it.

use lamplighter_core::config::GrantKind;
use lamplighter_engine::api::Added;
use lamplighter_engine::engine::Look;

/// What was found of its server, and what comes next.
pub(crate) fn added(Added { workload, look, asks }: &Added) -> Vec<String> {
    let name = &workload.name;
    let [endpoint, login, status] =
        ["endpoint", "login", "status"].map(|command| format!("lamplighter {command} {name}"));
    let remedy = workload.remedy.clone();
    let (found, remedy, next) = match (look, workload.grant) {
        (Look::Open, _) => (format!("added {name}: its server answers without a sign-in"), None, endpoint),
        (Look::SignInNeeded, GrantKind::AuthorizationCode) => {
            (format!("added {name}: its server asks for a sign-in"), None, login)
        }
        (Look::SignInNeeded, GrantKind::ClientCredentials | GrantKind::Bearer) => {
            let why = workload.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            (format!("added {name}, but there is no token for its server yet{why}"), remedy, status)
        }
        (Look::TokenAccepted, _) => (format!("added {name}: its server takes the token"), None, endpoint),
        (Look::TokenRefused, _) => (format!("added {name}, but its server refuses the token"), remedy, status),
        (Look::TokenUnverified, _) => {
            (format!("added {name}; its server does not tell whether it takes the token"), None, endpoint)
        }
        (Look::NotMcp(how), _) => {
            let check = format!("check its address; `lamplighter rm {name}` takes a wrong one away");
            (format!("added {name}, but its server does not answer as an MCP server does: {how}"), Some(check), status)
        }
        (Look::Unreachable(how), _) => {
            (format!("added {name}, but its server could not be reached: {how}"), None, status)
        }
    };
    let asked = asks.iter().flat_map(|asks| {
        let scopes = if asks.scopes.is_empty() { "none named".to_owned() } else { asks.scopes.join(" ") };
        [format!("sign-in server: {}", asks.issuer), format!("scopes: {scopes}")]
    });
    let next = format!("next: {next}");
    std::iter::once(found).chain(asked).chain(remedy).chain([next]).collect()
}
