//! What is the service over a store, and who calls it?

use std::sync::{Arc, LazyLock};

use second_opinion::clock::ManualClock;
use second_opinion::identity::{ActorType, Identity, ScopeSet};
use second_opinion::notice::{NoticeSettings, Templates};
use second_opinion::plan::Plan;
use second_opinion::press::Press;
use second_opinion::rpc::Calls;
use second_opinion::rules::Policy;
use second_opinion::store::Store;
use second_opinion::sweeper::{CaseSweeper, Sweeper};
use tokio::sync::watch;

use crate::turns::Who;

/// The shares of a clock's time that are told.
const RUNGS: [u8; 3] = [50, 75, 90];

/// Read once: they are the same in every world.
static TEMPLATES: LazyLock<Arc<Templates>> =
    LazyLock::new(|| Arc::new(Templates::with_none_replaced().expect("the shipped ones")));

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
        press: Press::new(Arc::clone(&TEMPLATES)).expect("threads"),
        reminder_thresholds: RUNGS.to_vec(),
        clock: Arc::clone(clock) as _,
        draining,
        meters: Arc::default(),
    }
}

/// The sweeper beside the calls.
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

pub fn identity(who: Who) -> Arc<Identity> {
    let mut scopes = "second-opinion.submit second-opinion.read second-opinion.read-phi \
        second-opinion.verify second-opinion.notify"
        .to_owned();
    let (subject, actor_type) = match who {
        Who::Reviewer => ("reviewer", ActorType::Person),
        Who::Clerk => ("clerk", ActorType::Person),
        Who::Service => ("referrals", ActorType::Service),
    };
    if who != Who::Clerk {
        scopes.push_str(" second-opinion.review");
    }
    Arc::new(Identity {
        issuer: Some("https://issuer.example".to_owned()),
        subject: subject.to_owned(),
        actor_type,
        scopes: ScopeSet::parse(&scopes),
    })
}
