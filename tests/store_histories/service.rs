//! The service's calls and sweeper over a store, and the callers' identities.

use std::sync::{Arc, LazyLock};

use second_opinion::clock::ManualClock;
use second_opinion::identity::{ActorType, Identity, ScopeSet};
use second_opinion::notice::{NoticeSettings, Templates};
use second_opinion::plan::Plan;
use second_opinion::renderer::Renderer;
use second_opinion::rpc::Calls;
use second_opinion::rules::Policy;
use second_opinion::store::Store;
use second_opinion::sweeper::{CaseSweeper, Sweeper};
use tokio::sync::watch;

use crate::turns::CallerKind;

/// Reminder thresholds, in percent of a clock's time.
const RUNGS: [u8; 3] = [50, 75, 90];

/// Loaded once and shared by every run.
static TEMPLATES: LazyLock<Arc<Templates>> =
    LazyLock::new(|| Arc::new(Templates::built_in().expect("the shipped ones")));

pub fn calls(
    store: Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    draining: watch::Receiver<bool>,
) -> Calls {
    Calls {
        store,
        policy: Policy::default(),
        plan: Plan::default(),
        notices: NoticeSettings::default(),
        renderer: Renderer::new(Arc::clone(&TEMPLATES)).expect("threads"),
        reminder_thresholds: RUNGS.to_vec(),
        clock: Arc::clone(clock) as _,
        draining,
        meters: Arc::default(),
    }
}

/// The sweeper for the same store.
pub fn sweeper(calls: &Calls) -> Sweeper {
    Sweeper::new(CaseSweeper {
        store: Arc::clone(&calls.store),
        clock: Arc::clone(&calls.clock),
        calendar: calls.policy.calendar.clone(),
        plan: calls.plan.clone(),
        notices: calls.notices.clone(),
        reminder_thresholds: RUNGS.to_vec(),
    })
}

pub fn identity(caller: CallerKind) -> Arc<Identity> {
    let mut scopes = "second-opinion.submit second-opinion.read second-opinion.read-phi \
        second-opinion.verify second-opinion.notify"
        .to_owned();
    let (subject, actor_type) = match caller {
        CallerKind::Reviewer => ("reviewer", ActorType::Person),
        CallerKind::Clerk => ("clerk", ActorType::Person),
        CallerKind::Service => ("referrals", ActorType::Service),
    };
    if caller != CallerKind::Clerk {
        scopes.push_str(" second-opinion.review");
    }
    Arc::new(Identity {
        issuer: Some("https://issuer.example".to_owned()),
        subject: subject.to_owned(),
        actor_type,
        scopes: ScopeSet::parse(&scopes),
    })
}
