//! Which flags does every subcommand take, and how is each setting called in each place?

use second_opinion_store::Secret;

/// The flags of the configuration. Their values are judged by [`load`](super::load), with all the others.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigArgs {
    /// The TOML file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
    /// Where gRPC is served [default: 127.0.0.1:50051]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Where /metrics, /livez and /readyz are served [default: 127.0.0.1:9464]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub ops_listen: Option<String>,
    /// The folder of the embedded store and the development key, whatever the store [default: second-opinion-data]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<String>,
    /// `sqlite://PATH` or `postgres://…`; with a password, better a variable than a flag
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<Secret>,
    /// The keys that sign callers' tokens: a file or an https URL
    #[arg(long, global = true, value_name = "FILE|URL")]
    pub auth_jwks: Option<String>,
    /// The issuer that tokens must name
    #[arg(long, global = true, value_name = "ISSUER")]
    pub auth_issuer: Option<String>,
    /// The audience that tokens must name
    #[arg(long, global = true, value_name = "AUDIENCE")]
    pub auth_audience: Option<String>,
    /// The server's certificate chain, PEM
    #[arg(long, global = true, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// The server's private key, PEM
    #[arg(long, global = true, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// The authority of callers' certificates, PEM
    #[arg(long, global = true, value_name = "FILE")]
    pub tls_client_ca: Option<String>,
    /// What is logged, as a tracing filter [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// json or text [default: text on a terminal, else json]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Where audit lines go: `log`, among the others; `stdout`; or the end of a file, as JSON [default: log]
    #[arg(long, global = true, value_name = "log|stdout|FILE")]
    pub audit: Option<String>,
    /// Where traces are sent, over OTLP/gRPC
    #[arg(long, global = true, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// The share of calls that are traced where their callers did not decide, 0 to 1 [default: 1]
    #[arg(long, global = true, value_name = "SHARE")]
    pub trace_ratio: Option<String>,
    /// How many calls are answered at once; the rest are told to come back [default: 1024]
    #[arg(long, global = true, value_name = "NUMBER")]
    pub max_calls: Option<String>,
    /// The longest deadline of a call [default: 30s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub max_deadline: Option<String>,
    /// The time to finish calls on SIGTERM [default: 25s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub drain_grace: Option<String>,
}

/// What every variable's name begins with.
pub(super) const PREFIX: &str = "SECOND_OPINION_";

/// The settings that a flag, a variable and a key of the file can hold.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Setting {
    Listen,
    OpsListen,
    Data,
    Store,
    AuthJwks,
    AuthIssuer,
    AuthAudience,
    TlsCert,
    TlsKey,
    TlsClientCa,
    Log,
    LogFormat,
    Audit,
    OtlpEndpoint,
    TraceRatio,
    MaxCalls,
    MaxDeadline,
    DrainGrace,
}

impl Setting {
    pub(super) const ALL: [Self; 18] = [
        Self::Listen,
        Self::OpsListen,
        Self::Data,
        Self::Store,
        Self::AuthJwks,
        Self::AuthIssuer,
        Self::AuthAudience,
        Self::TlsCert,
        Self::TlsKey,
        Self::TlsClientCa,
        Self::Log,
        Self::LogFormat,
        Self::Audit,
        Self::OtlpEndpoint,
        Self::TraceRatio,
        Self::MaxCalls,
        Self::MaxDeadline,
        Self::DrainGrace,
    ];

    /// The key in the file, from which the flag's and the variable's names follow.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::OpsListen => "ops_listen",
            Self::Data => "data",
            Self::Store => "store",
            Self::AuthJwks => "auth_jwks",
            Self::AuthIssuer => "auth_issuer",
            Self::AuthAudience => "auth_audience",
            Self::TlsCert => "tls_cert",
            Self::TlsKey => "tls_key",
            Self::TlsClientCa => "tls_client_ca",
            Self::Log => "log",
            Self::LogFormat => "log_format",
            Self::Audit => "audit",
            Self::OtlpEndpoint => "otlp_endpoint",
            Self::TraceRatio => "trace_ratio",
            Self::MaxCalls => "max_calls",
            Self::MaxDeadline => "max_deadline",
            Self::DrainGrace => "drain_grace",
        }
    }

    pub(super) fn flag(self) -> String {
        format!("--{}", self.key().replace('_', "-"))
    }

    pub(super) fn variable(self) -> String {
        format!("{PREFIX}{}", self.key().to_ascii_uppercase())
    }

    pub(super) fn given_by_flag(self, args: &ConfigArgs) -> Option<&str> {
        match self {
            Self::Listen => args.listen.as_deref(),
            Self::OpsListen => args.ops_listen.as_deref(),
            Self::Data => args.data.as_deref(),
            Self::Store => args.store.as_ref().map(Secret::expose),
            Self::AuthJwks => args.auth_jwks.as_deref(),
            Self::AuthIssuer => args.auth_issuer.as_deref(),
            Self::AuthAudience => args.auth_audience.as_deref(),
            Self::TlsCert => args.tls_cert.as_deref(),
            Self::TlsKey => args.tls_key.as_deref(),
            Self::TlsClientCa => args.tls_client_ca.as_deref(),
            Self::Log => args.log.as_deref(),
            Self::LogFormat => args.log_format.as_deref(),
            Self::Audit => args.audit.as_deref(),
            Self::OtlpEndpoint => args.otlp_endpoint.as_deref(),
            Self::TraceRatio => args.trace_ratio.as_deref(),
            Self::MaxCalls => args.max_calls.as_deref(),
            Self::MaxDeadline => args.max_deadline.as_deref(),
            Self::DrainGrace => args.drain_grace.as_deref(),
        }
    }
}
