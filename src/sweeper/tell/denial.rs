//! What if time that runs out denied? A fault that the tests are to find.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Outcome, TellError, Teller};
use crate::case::{
    Actor, ActorKind, Case, Context, DenialReason, Deny, Digest, EventBody, EventKind, License,
    LicenseType, LicensedReviewer, Private, Reviewer, deny,
};
use crate::commit::{Judged, Next};
use crate::notice::{self, Making, Settings};
use crate::planted::{self, Bug};
use crate::rules::{DenialReasonCode, Policy};
use crate::store::ReplayKey;

impl Teller {
    /// Denies a case whose time has run out, with a letter, in no one's name.
    pub(super) async fn denied(
        &self,
        case: &Case,
        body: &EventBody,
        now: DateTime<Utc>,
    ) -> Option<Result<Outcome, TellError>> {
        if !planted::is(Bug::DenialByTimer) || body.kind() != EventKind::Overdue {
            return None;
        }
        let policy = Policy::default();
        let context = Context {
            now,
            policy: &policy,
        };
        let no_one = Actor {
            kind: ActorKind::Person,
            ..Actor::sweeper()
        };
        let judged = deny(case, unanswered()?, &no_one.person()?, &context).ok()?;
        let settings = Settings {
            plan: &self.plan,
            notices: &self.notices,
        };
        let making = Making::of(case, Uuid::now_v7, now, settings, &self.calendar);
        let letters = notice::denial(judged.denial(), making).ok()?;
        let mut references = letters.iter().map(|made| made.reference.clone());
        let body = judged.issued(references.next()?, references.collect())?;
        let judged = Judged { body, letters };
        let next = Next::of(Actor::sweeper(), (case.id, Some(case.clone())), judged, now).ok()?;
        let key = ReplayKey {
            caller: Actor::sweeper().id,
            request_id: Uuid::now_v7(),
        };
        let replay = Some((key, Digest::ZERO));
        let committed = next.commit(&*self.store, &self.rungs, replay).await;
        committed
            .ok()
            .map(|_| Ok(Outcome::Told(EventKind::Overdue, 1)))
    }
}

fn unanswered() -> Option<Deny> {
    let reviewer = Reviewer {
        full_name: "the system".to_owned(),
        title: String::new(),
        license: Some(License {
            kind: LicenseType::Other,
            number: Private("0".to_owned()),
            state: "CA".to_owned(),
        }),
        phone: "(707) 555-0100".to_owned(),
        specialty: String::new(),
    };
    let words = || Private("No one decided in time.".to_owned());
    Some(Deny {
        reasons: vec![DenialReason {
            code: DenialReasonCode::MemberNotEligible,
            explanation: words(),
            clinical_rationale: words(),
            criteria: vec![words()],
            evidence: words(),
            authority: words(),
            translations: Vec::new(),
        }],
        reviewer: LicensedReviewer::new(reviewer)?,
        referral: None,
    })
}
