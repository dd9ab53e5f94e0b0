//! Who we are: what makes a client usable, whether it was registered by hand or by RFC 7591.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use url::Url;

use super::{AuthMethod, Client, DEVICE_CODE, Server, SignInGrant};

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
        let grant_types = Vec::new();
        Self { id, secret, method, registered: false, grant_types, redirect_uri: None, secret_expires_at: None }
    }

    /// Whether a registration kept from before still serves a sign-in by `grant`: by code it must be for the address
    /// `redirect_uri` (`localhost` is 127.0.0.1 by name), by device for that grant. And its secret must not expire
    /// within a day of `now`.
    #[must_use]
    pub fn serves(&self, grant: SignInGrant, redirect_uri: &Url, now: Timestamp) -> bool {
        let fits = match grant {
            SignInGrant::AuthorizationCode => {
                self.redirect_uri.as_ref().is_none_or(|registered| same(registered, redirect_uri))
            }
            SignInGrant::DeviceCode => self.grant_types.iter().any(|grant| grant == DEVICE_CODE),
        };
        let lasting = self.secret_expires_at.is_none_or(|expiry| expiry.duration_since(now) > SPARE);
        fits && lasting
    }
}

fn same(one: &Url, other: &Url) -> bool {
    one.port_or_known_default() == other.port_or_known_default()
        && one.path() == other.path()
        && [one, other].iter().all(|url| matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")))
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
            grant_types: Vec::new(),
            redirect_uri: Some(redirect_uri.parse().unwrap()),
            secret_expires_at,
        }
    }

    #[test]
    fn a_registration_serves_the_address_it_was_made_for() {
        let ours: Url = "http://127.0.0.1:4114/callback".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        assert!(registered("http://127.0.0.1:4114/callback", None).serves(SignInGrant::AuthorizationCode, &ours, now));
        assert!(registered("http://localhost:4114/callback", None).serves(SignInGrant::AuthorizationCode, &ours, now));
        assert!(!registered("http://127.0.0.1:4115/callback", None).serves(SignInGrant::AuthorizationCode, &ours, now));
        assert!(!registered("http://127.0.0.1:4114/elsewhere", None).serves(
            SignInGrant::AuthorizationCode,
            &ours,
            now
        ));
    }

    #[test]
    fn a_secret_about_to_expire_is_given_up() {
        let ours: Url = "http://127.0.0.1:4114/callback".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        assert!(!registered(ours.as_str(), Some(now + SignedDuration::from_hours(23))).serves(
            SignInGrant::AuthorizationCode,
            &ours,
            now
        ));
        assert!(registered(ours.as_str(), Some(now + SignedDuration::from_hours(25))).serves(
            SignInGrant::AuthorizationCode,
            &ours,
            now
        ));
    }

    #[test]
    fn a_registration_made_without_the_device_grant_serves_no_device() {
        let (ours, now) = ("http://127.0.0.1:4114/callback".parse().unwrap(), Timestamp::UNIX_EPOCH);
        let elsewhere = registered("http://127.0.0.1:9/callback", None);
        assert!(!elsewhere.serves(SignInGrant::DeviceCode, &ours, now));
        let with = Client { grant_types: vec![DEVICE_CODE.to_owned()], ..elsewhere };
        assert!(with.serves(SignInGrant::DeviceCode, &ours, now), "nobody comes back to an address");
        assert!(!with.serves(SignInGrant::AuthorizationCode, &ours, now));
    }
}
