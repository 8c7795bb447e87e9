//! Who vouches for servers and callers while keys and certificates are rotated?

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

/// Until when the first certificate is good; each of the next ones a year longer.
const FIRST_YEAR: i32 = 2060;

/// The issuer of tokens and the authority of certificates.
pub struct Keys {
    folder: tempfile::TempDir,
    authority: Authority,
    tokens: Mutex<Tokens>,
}

struct Tokens {
    /// How many keys there were.
    keys: i32,
    /// The issuer's newest key: its part of the JWKS, and a token of it.
    newest: (Value, String),
    /// What callers show.
    shown: String,
}

impl Keys {
    pub fn new() -> Self {
        let keys = Self {
            folder: tempfile::tempdir().expect("a folder"),
            authority: Authority::new("Sample Authority"),
            tokens: Mutex::new(Tokens {
                keys: 0,
                newest: (Value::Null, String::new()),
                shown: String::new(),
            }),
        };
        keys.publish();
        keys.take_up();
        keys
    }

    fn jwks(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    /// A new certificate; and a new key beside the last one, which no caller uses yet.
    pub fn publish(&self) {
        let mut tokens = self.tokens.lock().expect("a lock");
        let year = FIRST_YEAR + tokens.keys;
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
        // A server reads the one or the other, and none half.
        let new = self.folder.path().join("jwks.new");
        std::fs::write(&new, json!({ "keys": all }).to_string()).expect("a file");
        std::fs::rename(new, self.jwks()).expect("in its place");
    }

    /// From now on callers show tokens of the newest key, and have to see a certificate anew.
    pub fn take_up(&self) {
        let tokens = &mut *self.tokens.lock().expect("a lock");
        tokens.shown.clone_from(&tokens.newest.1);
    }

    /// What a server is told of them.
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

    /// A reviewer's client with a connection of its own. It connects when it first calls.
    pub fn client(&self, address: &str) -> Client {
        let address = address.replace("http://", "https://");
        let endpoint = Endpoint::from_shared(address).expect("an address");
        let endpoint = endpoint.tls_config(self.authority.trusted());
        let channel = endpoint.expect("an authority").connect_lazy();
        let shown = bearer(Some(&self.tokens.lock().expect("a lock").shown));
        SecondOpinionServiceClient::with_interceptor(channel, shown)
    }
}
