//! The same server that `serve` starts, on a free port, with a clock that the test controls.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::clock::{Clock, ManualClock};
use second_opinion::config::Config;
use second_opinion::identity::{ActorType, DevelopmentIdentity};
use second_opinion::server::tls::Certificates;
use second_opinion::server::{self, Parts, Running};
use second_opinion::store::Store;
use second_opinion::store::sqlite::SqliteStore;
use second_opinion::wire::v1::policy_service_client::PolicyServiceClient;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use super::postgres::{Schema, TestStore};

/// Interval at which the open-case metrics are read: short, so that no test waits for it.
const OPEN_CASES_EVERY: Duration = Duration::from_millis(10);
/// All scopes.
pub const EVERY_SCOPE: &str = "second-opinion.submit second-opinion.read second-opinion.read-phi \
     second-opinion.verify second-opinion.review second-opinion.notify";

/// A server under test, stopped on drop; `stop` drains it as SIGTERM does.
pub struct TestServer {
    pub running: Option<Running>,
    pub clock: Arc<ManualClock>,
    pub store: Arc<dyn Store>,
    pub address: String,
    /// The server's certificate; `None` without TLS.
    pub tls: Option<Arc<Certificates>>,
    /// The CA of the server's certificate; `None` without TLS.
    authority: Option<Certificate>,
    identity: DevelopmentIdentity,
    folder: TempDir,
    /// The store's schema; `None` if the store is a file in the folder. Dropped last.
    schema: Option<Schema>,
}

/// Adds a token to every call.
#[derive(Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        Ok(request)
    }
}

pub type Client = SecondOpinionServiceClient<InterceptedService<Channel, Bearer>>;
pub type PolicyClient = PolicyServiceClient<InterceptedService<Channel, Bearer>>;

/// The tests' default time: Monday, 2026-11-16, 10:00 in California.
pub fn monday() -> DateTime<Utc> {
    "2026-11-16T18:00:00Z".parse().expect("an instant")
}

impl TestServer {
    /// Starts a server on a new store.
    pub async fn start() -> Self {
        Self::start_with(&Config::default(), |store| store).await
    }

    /// Starts a server with a configuration, on a store that the test may wrap. Its sweeper runs only once, at the start, so
    /// that the test can move the clock without side effects.
    pub async fn start_with(
        config: &Config,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        Self::start_sweeping(config, Duration::from_hours(1), monday(), wrap).await
    }

    /// Starts a server with a maximum number of concurrent calls.
    pub async fn start_with_max_calls(
        calls_max: usize,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let config = Config {
            max_calls: calls_max,
            ..Config::default()
        };
        Self::start_with(&config, wrap).await
    }

    /// Starts a server with a sweep interval and the time of its clock.
    pub async fn start_sweeping(
        config: &Config,
        sweep_every: Duration,
        now: DateTime<Utc>,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let folder = TempDir::new().expect("a folder");
        let TestStore { store, schema } = TestStore::fresh(folder.path()).await;
        let store = wrap(store);
        let identity = DevelopmentIdentity::load_or_create(folder.path()).expect("a key");
        let clock = Arc::new(ManualClock::at(now));
        let mut config = config.clone();
        config.listen.set_port(0);
        config.ops_listen.set_port(0);
        let tls = config.tls().as_ref().map(Certificates::load).transpose();
        let tls = tls.expect("a certificate");
        let authority = config.tls().map(|tls| {
            Certificate::from_pem(std::fs::read(&tls.cert).expect("the server's certificate"))
        });
        let parts = Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            verifier: Some(Arc::new(identity.verifier())),
            tls: tls.clone(),
            sweep_every,
            open_cases_every: OPEN_CASES_EVERY,
        };
        let running = server::serve(&config, parts).await.expect("a server");
        let scheme = if authority.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", running.address);
        Self {
            running: Some(running),
            clock,
            store,
            address,
            tls,
            authority,
            identity,
            folder,
            schema,
        }
    }

    /// The folder of the store and the key.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Opens the store again, as another process would. A server on a file must have stopped.
    pub async fn reopen_store(&self) -> Arc<dyn Store> {
        match &self.schema {
            None => Arc::new(SqliteStore::open(&self.folder().join("test.db")).expect("a store")),
            Some(schema) => Arc::new(schema.store().await),
        }
    }

    /// Changes the stored rows directly, bypassing the server, and returns the number of rows changed by the second of the
    /// statements: `in_file` for a file, `in_schema` for a schema.
    pub async fn damage(&self, in_file: [&str; 2], in_schema: [&str; 2]) -> u64 {
        match &self.schema {
            None => {
                let file = rusqlite::Connection::open(self.folder().join("test.db"));
                let file = file.expect("the file");
                file.execute_batch(in_file[0]).expect("it");
                let rows = file.execute(in_file[1], []).expect("an update");
                u64::try_from(rows).expect("few")
            }
            Some(schema) => {
                schema.execute(in_schema[0]).await;
                let client = schema.client().await;
                client.execute(in_schema[1], &[]).await.expect("an update")
            }
        }
    }

    /// The public part of the development key.
    pub fn jwks(&self) -> &str {
        self.identity.jwks()
    }

    /// A token that is valid for more than a year of the test's clock.
    pub fn token(&self, subject: &str, scopes: &str, actor: ActorType) -> String {
        self.identity.token(
            subject,
            scopes,
            actor,
            TimeDelta::days(400),
            self.clock.now(),
        )
    }

    pub async fn channel(&self) -> Channel {
        let mut endpoint = Endpoint::from_shared(self.address.clone()).expect("an address");
        if let Some(authority) = &self.authority {
            let tls = ClientTlsConfig::new().ca_certificate(authority.clone());
            endpoint = endpoint.tls_config(tls).expect("an authority");
        }
        endpoint.connect().await.expect("a connection")
    }

    /// A client with a token, or without.
    pub async fn client_with(&self, token: Option<&str>) -> Client {
        SecondOpinionServiceClient::with_interceptor(self.channel().await, bearer(token))
            .max_decoding_message_size(64 << 20)
    }

    /// A reviewer's client: a person with every scope.
    pub async fn reviewer(&self) -> Client {
        let token = self.token("reviewer", EVERY_SCOPE, ActorType::Person);
        self.client_with(Some(&token)).await
    }

    /// A service's client with some scopes.
    pub async fn service(&self, scopes: &str) -> Client {
        let token = self.token("referrals", scopes, ActorType::Service);
        self.client_with(Some(&token)).await
    }

    pub async fn policy(&self) -> PolicyClient {
        let token = self.token("reader", "", ActorType::Service);
        PolicyServiceClient::with_interceptor(self.channel().await, bearer(Some(&token)))
    }

    /// Stops the server as SIGTERM does, and returns whether every call finished.
    pub async fn stop(&mut self) -> bool {
        self.running
            .take()
            .expect("a server that runs")
            .stop()
            .await
    }
}

pub fn bearer(token: Option<&str>) -> Bearer {
    Bearer(token.map(|token| format!("Bearer {token}").parse().expect("a token")))
}
