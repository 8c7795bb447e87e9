//! Keys and certificates that are rotated under load: a token issuer and a certificate authority.

use std::path::PathBuf;
use std::sync::Mutex;

use chrono::{TimeDelta, Utc};
use second_opinion::identity::{
    ActorType, DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIdentity,
};
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use serde_json::{Value, json};
use tonic::transport::Endpoint;

use crate::support::authority::Authority;
use crate::support::server::{Client, EVERY_SCOPE, bearer};

/// The year in which the first certificate expires. Each later one expires a year later.
const FIRST_EXPIRY_YEAR: i32 = 2060;

/// The issuer of tokens and the authority of certificates.
pub struct Credentials {
    folder: tempfile::TempDir,
    authority: Authority,
    tokens: Mutex<Tokens>,
}

struct Tokens {
    /// The number of keys so far.
    keys: i32,
    /// The issuer's newest key in the JWKS, and a token that it signed.
    newest: (Value, String),
    /// The token that callers send.
    current: String,
}

impl Credentials {
    pub fn new() -> Self {
        let credentials = Self {
            folder: tempfile::tempdir().expect("a folder"),
            authority: Authority::new("Sample Authority"),
            tokens: Mutex::new(Tokens {
                keys: 0,
                newest: (Value::Null, String::new()),
                current: String::new(),
            }),
        };
        credentials.rotate();
        credentials.switch_tokens();
        credentials
    }

    fn jwks(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    /// Writes a new certificate, and publishes a new key beside the last one. No caller uses it yet.
    pub fn rotate(&self) {
        let mut tokens = self.tokens.lock().expect("a lock");
        let year = FIRST_EXPIRY_YEAR + tokens.keys;
        self.authority.write_server(self.folder.path(), year, None);
        tokens.keys += 1;
        let folder = self.folder.path().join(tokens.keys.to_string());
        let identity = DevelopmentIdentity::load_or_create(&folder).expect("a key");
        let token = identity.token(
            "reviewer",
            EVERY_SCOPE,
            ActorType::Person,
            TimeDelta::days(2),
            Utc::now(),
        );
        let public: Value = serde_json::from_str(identity.jwks()).expect("JSON");
        let public = public["keys"][0].clone();
        let (last, _) = std::mem::replace(&mut tokens.newest, (public.clone(), token));
        let all: Vec<Value> = [last, public]
            .into_iter()
            .filter(|key| !key.is_null())
            .collect();
        // Renamed into place: a server reads the old file or the new one, never a part.
        let new = self.folder.path().join("jwks.new");
        std::fs::write(&new, json!({ "keys": all }).to_string()).expect("a file");
        std::fs::rename(new, self.jwks()).expect("a rename");
    }

    /// Makes new clients send tokens of the newest key.
    pub fn switch_tokens(&self) {
        let tokens = &mut *self.tokens.lock().expect("a lock");
        tokens.current.clone_from(&tokens.newest.1);
    }

    /// The server's command-line arguments.
    pub fn arguments(&self) -> Vec<String> {
        let file = |name: &str| {
            let path = self.folder.path().join(name);
            path.to_str().expect("a path in UTF-8").to_owned()
        };
        let arguments = [
            ("--tls-cert", file("server.pem")),
            ("--tls-key", file("server.key")),
            ("--auth-jwks", file("jwks.json")),
            ("--auth-issuer", DEVELOPMENT_ISSUER.to_owned()),
            ("--auth-audience", DEVELOPMENT_AUDIENCE.to_owned()),
        ];
        let pairs = arguments.map(|(name, value)| [name.to_owned(), value]);
        pairs.into_iter().flatten().collect()
    }

    /// A reviewer's client with its own connection, opened at its first call.
    pub fn client(&self, address: &str) -> Client {
        let address = address.replace("http://", "https://");
        let endpoint = Endpoint::from_shared(address).expect("an address");
        let endpoint = endpoint.tls_config(self.authority.trusted());
        let channel = endpoint.expect("an authority").connect_lazy();
        let token = bearer(Some(&self.tokens.lock().expect("a lock").current));
        SecondOpinionServiceClient::with_interceptor(channel, token)
    }
}
