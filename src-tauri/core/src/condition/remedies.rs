//! The words for what to do: the click and the command, such as the workload's grant knows.

use super::{Cause, StoreFault};
use crate::config::GrantKind;

/// What helps a workload that is not signed in.
pub(super) fn sign_in(name: &str, grant: GrantKind, cause: Option<&Cause>) -> String {
    match (grant, cause) {
        (GrantKind::AuthorizationCode, Some(Cause::OAuth(word))) if word == "invalid_target" => format!(
            "Set or omit `resource` of this server in the settings, then choose Sign in, or run `lamplighter login {name}`."
        ),
        (GrantKind::AuthorizationCode, _) => format!("Choose Sign in, or run `lamplighter login {name}`."),
        (GrantKind::ClientCredentials, Some(Cause::OAuth(_))) => format!(
            "See that the sign-in server still knows this client and its secret, then choose Try now, or run \
             `lamplighter retry {name}`. To give a new secret, remove this server and add it again: `lamplighter rm \
             {name}`, then `lamplighter add {name} URL --grant client_credentials --client-id ID --client-secret-stdin`."
        ),
        (GrantKind::ClientCredentials, _) => format!("Choose Try now, or run `lamplighter retry {name}`."),
        (GrantKind::Bearer, _) => format!("To give a new token, {}", token(name)),
    }
}

/// What may be done before a login ends that cannot be renewed.
pub(super) fn sign_in_sooner(name: &str, grant: GrantKind) -> String {
    match grant {
        GrantKind::AuthorizationCode => {
            format!("Nothing to do until then; to sign in sooner, choose Sign in, or run `lamplighter login {name}`.")
        }
        GrantKind::ClientCredentials => {
            format!("Nothing to do until then; to sign in sooner, choose Try now, or run `lamplighter retry {name}`.")
        }
        GrantKind::Bearer => format!("Nothing to do until then. To give a new token sooner, {}", token(name)),
    }
}

/// How a login is given the access that the server wants.
pub(super) fn more_access(name: &str, grant: GrantKind) -> String {
    match grant {
        GrantKind::AuthorizationCode => {
            format!("To grant it, choose Sign in, or run `lamplighter login {name}`.")
        }
        GrantKind::ClientCredentials => format!(
            "Have the sign-in server allow it to this client, then choose Try now, or run `lamplighter retry {name}`; where \
             this server was added with `--scope`, remove it and add it again with the new ones."
        ),
        GrantKind::Bearer => format!("To give a token that has it, {}", token(name)),
    }
}

/// How a pasted token is replaced.
fn token(name: &str) -> String {
    format!(
        "remove this server and add it again: `lamplighter rm {name}`, then `lamplighter add {name} \
         URL --bearer-stdin`."
    )
}

/// What helps a secret store; `which` is what `lamplighter retry` is told.
pub(super) fn store_remedy(fault: StoreFault, which: &str) -> String {
    let first = match fault {
        StoreFault::Locked => "Unlock your keychain",
        StoreFault::Absent => "Start your desktop's keychain, or set `secret_store = \"file\"`",
        StoreFault::Failed => "See what `lamplighter doctor` says of the secret store",
    };
    format!("{first}; it goes on by itself then. To try now, choose Try now, or run `lamplighter retry {which}`.")
}

pub(super) fn wait_or_retry(name: &str) -> String {
    format!(
        "Nothing to do: it is tried again by itself. To try now, choose Try now, or run `lamplighter retry {name}`."
    )
}

pub(super) fn wait_for_server(name: &str) -> String {
    format!(
        "Nothing to do: the server is looked for once a minute. To look now, choose Try now, or run `lamplighter retry \
         {name}`."
    )
}

pub(super) fn start(name: &str) -> String {
    format!("Choose Start, or run `lamplighter start {name}`.")
}
