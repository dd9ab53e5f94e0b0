//! Requests as the oauth2 crate writes them, for our own stack to send: the crate's way to send them and to read
//! their answers is never used.

use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, ErrorResponse, HttpRequest, HttpResponse, RequestTokenError};
use secrecy::{ExposeSecret, SecretString};

use super::{AuthMethod, Client};

/// The crate's client, which authenticates as `client` does.
pub(super) fn writer(client: &Client) -> BasicClient {
    let writer = BasicClient::new(ClientId::new(client.id.clone())).set_auth_type(match client.method {
        AuthMethod::ClientSecretBasic => AuthType::BasicAuth,
        AuthMethod::None | AuthMethod::ClientSecretPost => AuthType::RequestBody,
    });
    match (client.method, &client.secret) {
        (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, Some(secret)) => {
            writer.set_client_secret(ClientSecret::new(text(secret)))
        }
        (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, None) | (AuthMethod::None, _) => writer,
    }
}

/// The crate's way to send: hands the request back instead.
pub(super) fn unsent(request: HttpRequest) -> Result<HttpResponse, Unsent> {
    Err(Unsent(Box::new(request)))
}

/// The request that was handed back; `None` when the crate could not write it.
pub(super) fn written<T, E: ErrorResponse + 'static>(
    sent: Result<T, RequestTokenError<Unsent, E>>,
) -> Option<HttpRequest> {
    match sent {
        Err(RequestTokenError::Request(Unsent(request))) => Some(*request),
        Ok(_)
        | Err(RequestTokenError::ServerResponse(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
            None
        }
    }
}

/// A request, unsent.
#[derive(thiserror::Error)]
#[error("not sent")]
pub(super) struct Unsent(Box<HttpRequest>);

impl std::fmt::Debug for Unsent {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Unsent").finish_non_exhaustive()
    }
}

/// A secret as the crate takes it.
pub(super) fn text(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}
