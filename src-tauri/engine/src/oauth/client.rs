//! Who we are: what makes a client usable, whether it was registered by hand or by RFC 7591.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use url::Url;

use super::{AuthMethod, Client, Server};

/// A client secret that expires sooner than this is as good as gone.
const SPARE: SignedDuration = SignedDuration::from_hours(24);

impl Client {
    /// A client that somebody registered by hand. With a secret it authenticates by HTTP Basic, which every
    /// server must take (RFC 6749 section 2.3.1), unless this one says that it takes the secret in the body only.
    #[must_use]
    pub fn preregistered(id: String, secret: Option<SecretString>, server: &Server) -> Self {
        let takes = |method: &str| server.token_endpoint_auth_methods_supported.iter().any(|name| name == method);
        let method = match &secret {
            None => AuthMethod::None,
            Some(_) if takes("client_secret_post") && !takes("client_secret_basic") => AuthMethod::ClientSecretPost,
            Some(_) => AuthMethod::ClientSecretBasic,
        };
        Self { id, secret, method, registered: false, redirect_uri: None, secret_expires_at: None }
    }

    /// Whether a registration kept from before still serves `redirect_uri`: the same address (`localhost` is
    /// 127.0.0.1 by name), and a secret that does not expire within a day of `now`.
    #[must_use]
    pub fn serves(&self, redirect_uri: &Url, now: Timestamp) -> bool {
        let same_address = self.redirect_uri.as_ref().is_none_or(|registered| {
            registered.port_or_known_default() == redirect_uri.port_or_known_default()
                && registered.path() == redirect_uri.path()
                && [registered.host_str(), redirect_uri.host_str()]
                    .iter()
                    .all(|host| matches!(host, Some("127.0.0.1" | "localhost" | "[::1]")))
        });
        let lasting = self.secret_expires_at.is_none_or(|expiry| expiry.duration_since(now) > SPARE);
        same_address && lasting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(redirect_uri: &str, secret_expires_at: Option<Timestamp>) -> Client {
        Client {
            id: "it".to_owned(),
            secret: None,
            method: AuthMethod::None,
            registered: true,
            redirect_uri: Some(redirect_uri.parse().unwrap()),
            secret_expires_at,
        }
    }

    #[test]
    fn a_registration_serves_the_address_it_was_made_for() {
        let ours: Url = "http://127.0.0.1:4114/callback".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        assert!(registered("http://127.0.0.1:4114/callback", None).serves(&ours, now));
        assert!(registered("http://localhost:4114/callback", None).serves(&ours, now));
        assert!(!registered("http://127.0.0.1:4115/callback", None).serves(&ours, now));
        assert!(!registered("http://127.0.0.1:4114/elsewhere", None).serves(&ours, now));
    }

    #[test]
    fn a_secret_about_to_expire_is_given_up() {
        let ours: Url = "http://127.0.0.1:4114/callback".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        assert!(!registered(ours.as_str(), Some(now + SignedDuration::from_hours(23))).serves(&ours, now));
        assert!(registered(ours.as_str(), Some(now + SignedDuration::from_hours(25))).serves(&ours, now));
    }
}
