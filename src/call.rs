//! The context of a call: what the layers around the calls learn of it, for the handlers, the log and the errors.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use opentelemetry::trace::TraceId;
use tokio::sync::watch;
use uuid::Uuid;

use crate::identity::{Certified, Identity};

tokio::task_local! {
    static CURRENT: CallId;
}

/// The identifiers of a call.
#[derive(Clone, Copy, Debug)]
pub struct CallId {
    /// The request's id, which this server made.
    pub id: Uuid,
    /// The trace that the call belongs to.
    pub trace: Option<TraceId>,
}

impl CallId {
    /// Runs the rest of a call, in which [`current`] gives this identifier.
    pub async fn scope<F: Future>(self, rest: F) -> F::Output {
        CURRENT.scope(self, rest).await
    }
}

/// The call that this task answers; `None` outside of a call.
#[must_use]
pub fn current() -> Option<CallId> {
    CURRENT.try_with(|call| *call).ok()
}

/// The id of the request that this task answers; the nil UUID outside of a call.
#[must_use]
pub fn current_id() -> Uuid {
    current().map_or_else(Uuid::nil, |call| call.id)
}

/// The connection of a call, shared by all its calls.
#[derive(Debug)]
pub struct Connection {
    /// The identity in the peer's certificate; `None`: it showed no certificate.
    pub certified: Option<Certified>,
    /// Becomes true when the connection is to end: a stream that would go on for ever must end by itself.
    pub ending: watch::Receiver<bool>,
}

/// The parts of an audit line that become known while the call is answered.
#[derive(Debug, Default)]
pub struct AuditRecord {
    caller: OnceLock<Arc<Identity>>,
    determination: OnceLock<Uuid>,
}

impl AuditRecord {
    /// Records the authenticated caller.
    pub fn set_caller(&self, identity: Arc<Identity>) {
        // INVARIANT: a call is authenticated once; a second time would give the same.
        let _ = self.caller.set(identity);
    }

    /// Records the determination that the call is about.
    pub fn set_determination(&self, determination: Uuid) {
        // INVARIANT: a call is about one determination; a second time would give the same.
        let _ = self.determination.set(determination);
    }

    /// The authenticated caller; `None`: the call was refused before.
    #[must_use]
    pub fn caller(&self) -> Option<&Identity> {
        self.caller.get().map(|identity| &**identity)
    }

    /// The determination that the call is about, once it is known.
    #[must_use]
    pub fn determination(&self) -> Option<Uuid> {
        self.determination.get().copied()
    }
}
