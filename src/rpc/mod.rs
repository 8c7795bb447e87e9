//! How is each call answered? One file a call: parse, load, judge, commit, render.

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

/// What every call works with.
pub struct Calls {
    /// The cases and their log.
    pub store: Arc<dyn Store>,
    /// The policy as the plan applies it.
    pub policy: Policy,
    /// The plan.
    pub plan: Plan,
    /// What the plan sets about its letters.
    pub notices: NoticeSettings,
    /// Who renders letters.
    pub renderer: Renderer,
    /// The shares of a clock's time that are told as they pass, in percent: 1 to 99, rising.
    pub rungs: Vec<u8>,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// Whether the server drains.
    pub draining: watch::Receiver<bool>,
    /// Who counts open watches.
    pub meters: Arc<Meters>,
}

impl Calls {
    fn context(&self, now: DateTime<Utc>) -> Context<'_> {
        Context {
            now,
            policy: &self.policy,
        }
    }

    /// What a new letter about a case is made with.
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

    /// The member's letter among those of a decision, as plain text in its own language.
    fn shown_letter(&self, letters: &[SealedLetter]) -> Result<String, CallError> {
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

/// The caller of a call: proved by the auth layer.
pub struct Caller {
    identity: Arc<Identity>,
    audit: Option<Arc<AuditRecord>>,
}

impl Caller {
    /// The caller, if it has the scope.
    fn with_scope<T>(request: &Request<T>, scope: Scope) -> Result<Self, CallError> {
        let caller = Self::of(request)?;
        caller.needs(scope)?;
        Ok(caller)
    }

    /// The caller, whatever its scopes.
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

    /// The caller, if it may review: it has the scope, and it is a person.
    fn reviewing<T>(request: &Request<T>) -> Result<(Self, Person), CallError> {
        let caller = Self::with_scope(request, Scope::Review)?;
        let person = caller.actor().person().ok_or(CallError::PersonRequired)?;
        Ok((caller, person))
    }

    fn needs(&self, scope: Scope) -> Result<(), CallError> {
        if self.identity.has(scope) {
            Ok(())
        } else {
            Err(CallError::ScopeMissing(scope))
        }
    }

    /// The call is about this determination: its audit line says so.
    fn concerns(&self, determination: Uuid) {
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

/// What a request id is bound to: the call, and its message as it was parsed, etag included and no default filled in.
fn content(call: &str, message: &impl Message) -> Digest {
    let mut bytes = Vec::with_capacity(call.len() + 1 + message.encoded_len());
    bytes.extend_from_slice(call.as_bytes());
    bytes.push(0);
    // INVARIANT: a vector grows as it needs to, so encoding into it cannot fail.
    let _ = message.encode(&mut bytes);
    Digest::of(&bytes)
}

/// The boxed future that tonic's traits ask for.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// An answer shorter than this is not compressed: it fits a packet or two, and would gain nothing.
const COMPRESSED_BYTES_MIN: usize = 2 * 1024;

/// An answer, compressed where its caller can read that and it is long enough.
fn answered<T: Message>(packable: bool, message: T) -> Response<T> {
    // Measured only where it matters.
    let is_short = packable && message.encoded_len() < COMPRESSED_BYTES_MIN;
    let mut response = Response::new(message);
    if is_short {
        response.disable_compression();
    }
    response
}

/// The methods of a service: each is answered by the file of its name.
macro_rules! calls {
    ($($name:ident, $request:ident, $response:ty;)+) => {$(
        fn $name<'me, 'answer>(&'me self, request: Request<v1::$request>) -> Answer<'answer, $response>
        where
            'me: 'answer,
            Self: 'answer,
        {
            Box::pin(async move {
                let packable = request.metadata().contains_key(ACCEPT_ENCODING);
                Ok(answered(packable, $name::answer(self, request).await?))
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

    fn watch_determinations<'me, 'answer>(
        &'me self,
        request: Request<v1::WatchDeterminationsRequest>,
    ) -> Answer<'answer, watch_determinations::Events>
    where
        'me: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            Ok(Response::new(
                watch_determinations::answer(self, request).await?,
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
