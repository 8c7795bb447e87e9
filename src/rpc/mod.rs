//! The handlers of the calls, one file for each: parse, load, decide, commit, render.

mod change;
pub mod evaluate_second_opinion;
mod expedite_second_opinion;
mod get_determination;
mod get_notice;
mod get_policy;
mod issue_approval;
mod issue_denial;
mod list_determinations;
mod record_notification;
mod record_verification;
mod submit_second_opinion;
mod watch_determinations;
mod withdraw_second_opinion;

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use prost::Message;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::call::AuditRecord;
use crate::case::{Actor, ActorKind, Case, Context, Digest, Person};
use crate::clock::Clock;
use crate::error::CallError;
use crate::identity::{ActorType, Identity, Scope};
use crate::notice::{self, LetterContext, NoticeSettings, SealedLetter, Settings};
use crate::plan::Plan;
use crate::renderer::Renderer;
use crate::rules::Policy;
use crate::store::Store;
use crate::telemetry::metrics::Meters;
use crate::wire::ACCEPT_ENCODING;
use crate::wire::render::RenderContext;
use crate::wire::v1;
use crate::wire::v1::policy_service_server::PolicyService;
use crate::wire::v1::second_opinion_service_server::SecondOpinionService;

/// The parts that every call works with.
pub struct Calls {
    /// The cases and their log.
    pub store: Arc<dyn Store>,
    /// The policy as the plan applies it.
    pub policy: Policy,
    /// The plan.
    pub plan: Plan,
    /// The plan's settings for letters.
    pub notices: NoticeSettings,
    /// The renderer of letters.
    pub renderer: Renderer,
    /// The reminder thresholds, in percent of a clock's time: 1 to 99, rising.
    pub reminder_thresholds: Vec<u8>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// Whether the server drains.
    pub draining: watch::Receiver<bool>,
    /// The metrics, which count open watches.
    pub meters: Arc<Meters>,
}

impl Calls {
    fn context(&self, now: DateTime<Utc>) -> Context<'_> {
        Context {
            now,
            policy: &self.policy,
        }
    }

    /// The context of a new letter about a case.
    fn making<'a>(&'a self, case: &'a Case, now: DateTime<Utc>) -> LetterContext<'a> {
        let settings = self.settings();
        LetterContext::of(case, Uuid::now_v7, now, settings, &self.policy.calendar)
    }

    fn settings(&self) -> Settings<'_> {
        Settings {
            plan: &self.plan,
            notices: &self.notices,
        }
    }

    /// The member's letter of a decision, as plain text in its own language.
    fn letter_text(&self, letters: &[SealedLetter]) -> Result<String, CallError> {
        let Some(made) = letters.first() else {
            return Ok(String::new());
        };
        let language = made.letter.language.primary();
        let document = self
            .renderer
            .templates()
            .document(&made.letter, &language)?;
        Ok(notice::text(&document))
    }

    fn shown(&self, as_of: DateTime<Utc>) -> RenderContext<'_> {
        RenderContext {
            as_of,
            plan: &self.plan,
            calendar: &self.policy.calendar,
        }
    }
}

/// The caller of a call, as the auth layer verified it.
pub struct Caller {
    identity: Arc<Identity>,
    audit: Option<Arc<AuditRecord>>,
}

impl Caller {
    /// The caller, which must have the scope.
    fn with_scope<T>(request: &Request<T>, scope: Scope) -> Result<Self, CallError> {
        let caller = Self::of(request)?;
        caller.require(scope)?;
        Ok(caller)
    }

    /// The caller, with any scopes.
    fn of<T>(request: &Request<T>) -> Result<Self, CallError> {
        let extensions = request.extensions();
        let identity = extensions.get::<Arc<Identity>>().cloned().ok_or_else(|| {
            CallError::Defect("a call reached its handler without an identity".to_owned())
        })?;
        Ok(Self {
            identity,
            audit: extensions.get::<Arc<AuditRecord>>().cloned(),
        })
    }

    /// The caller, which must have the scope of reviewers and be a person.
    fn reviewer<T>(request: &Request<T>) -> Result<(Self, Person), CallError> {
        let caller = Self::with_scope(request, Scope::Review)?;
        let person = caller.actor().person().ok_or(CallError::PersonRequired)?;
        Ok((caller, person))
    }

    fn require(&self, scope: Scope) -> Result<(), CallError> {
        if self.identity.has(scope) {
            Ok(())
        } else {
            Err(CallError::ScopeMissing(scope))
        }
    }

    /// Names the determination in the call's audit line.
    fn audit_determination(&self, determination: Uuid) {
        if let Some(audit) = &self.audit {
            audit.set_determination(determination);
        }
    }

    fn actor(&self) -> Actor {
        Actor {
            id: self.identity.key(),
            kind: match self.identity.actor_type {
                ActorType::Person => ActorKind::Person,
                ActorType::Service => ActorKind::Service,
            },
        }
    }
}

/// The content that a request id is bound to: the call, and its message as received, etag included and no default filled in.
fn content(call: &str, message: &impl Message) -> Digest {
    let mut bytes = Vec::with_capacity(call.len() + 1 + message.encoded_len());
    bytes.extend_from_slice(call.as_bytes());
    bytes.push(0);
    // INVARIANT: a vector grows, so encoding into it cannot fail.
    let _ = message.encode(&mut bytes);
    Digest::of(&bytes)
}

/// The boxed future of a call, as tonic's traits require it.
type CallFuture<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// Minimum size of a response that is compressed: a shorter one fits a packet or two.
const COMPRESSED_BYTES_MIN: usize = 2 * 1024;

/// A response, compressed where the caller accepts it and the message is long enough.
fn respond<T: Message>(compressible: bool, message: T) -> Response<T> {
    let is_short = compressible && message.encoded_len() < COMPRESSED_BYTES_MIN;
    let mut response = Response::new(message);
    if is_short {
        response.disable_compression();
    }
    response
}

/// The methods of a service, each handled by the module of its name.
macro_rules! calls {
    ($($name:ident, $request:ident, $response:ty;)+) => {$(
        fn $name<'me, 'call>(&'me self, request: Request<v1::$request>) -> CallFuture<'call, $response>
        where
            'me: 'call,
            Self: 'call,
        {
            Box::pin(async move {
                let compressible = request.metadata().contains_key(ACCEPT_ENCODING);
                Ok(respond(compressible, $name::handle(self, request).await?))
            })
        }
    )+};
}

impl SecondOpinionService for Calls {
    type WatchDeterminationsStream = watch_determinations::Events;

    calls! {
        submit_second_opinion, SubmitSecondOpinionRequest, v1::SubmitSecondOpinionResponse;
        get_determination, GetDeterminationRequest, v1::GetDeterminationResponse;
        list_determinations, ListDeterminationsRequest, v1::ListDeterminationsResponse;
        record_verification, RecordVerificationRequest, v1::RecordVerificationResponse;
        expedite_second_opinion, ExpediteSecondOpinionRequest, v1::ExpediteSecondOpinionResponse;
        withdraw_second_opinion, WithdrawSecondOpinionRequest, v1::WithdrawSecondOpinionResponse;
        issue_approval, IssueApprovalRequest, v1::IssueApprovalResponse;
        issue_denial, IssueDenialRequest, v1::IssueDenialResponse;
        record_notification, RecordNotificationRequest, v1::RecordNotificationResponse;
        get_notice, GetNoticeRequest, v1::GetNoticeResponse;
    }

    fn watch_determinations<'me, 'call>(
        &'me self,
        request: Request<v1::WatchDeterminationsRequest>,
    ) -> CallFuture<'call, watch_determinations::Events>
    where
        'me: 'call,
        Self: 'call,
    {
        Box::pin(async move {
            Ok(Response::new(
                watch_determinations::handle(self, request).await?,
            ))
        })
    }
}

impl PolicyService for Calls {
    calls! {
        get_policy, GetPolicyRequest, v1::GetPolicyResponse;
        evaluate_second_opinion, EvaluateSecondOpinionRequest, v1::EvaluateSecondOpinionResponse;
    }
}
