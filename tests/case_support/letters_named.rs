//! The letters that go with what happens on the desk, where there is no server to make them: their kinds alone.

use chrono::{DateTime, Utc};
use second_opinion::case::{
    Approval, Denial, Digest, LanguageTag, NoticeKind, NoticeReference, Requester, SecondOpinion,
    State, Submitted, Verified,
};
use second_opinion::rules::{Calendar, Pathway, PrimaryCareDecision};
use uuid::Uuid;

use super::Desk;

/// What the plan sets about its letters.
#[derive(Clone, Default)]
pub struct Post {
    no_lapse: bool,
}

/// The `place`-th letter of an event.
fn letter(kind: NoticeKind, version: u32, place: u32, now: DateTime<Utc>) -> NoticeReference {
    let text = format!("{kind:?} {version} {place}");
    NoticeReference {
        notice_id: Uuid::from_u64_pair(version.into(), place.into()),
        kind,
        language: LanguageTag::english(),
        issued_at: now,
        sha256: Digest::of(text.as_bytes()),
        translation_needed: false,
    }
}

/// The letter on a case as it now is.
fn next(desk: &Desk, kind: NoticeKind) -> NoticeReference {
    letter(kind, desk.case.version + 1, 0, desk.now)
}

/// One copy for each health professional who asked.
fn copies(desk: &Desk) -> Vec<NoticeReference> {
    let request: &SecondOpinion = &desk.case.file.request;
    let asked = request.requesters.iter();
    asked
        .filter(|requester| matches!(requester, Requester::HealthProfessional(_)))
        .zip(1..)
        .map(|(_, place)| {
            letter(
                NoticeKind::ProviderCopy,
                desk.case.version + 1,
                place,
                desk.now,
            )
        })
        .collect()
}

impl Post {
    pub fn send_no_lapse(&mut self) {
        self.no_lapse = true;
    }
}

/// The letters of a request that comes in.
pub fn submission(
    _post: &Post,
    _id: Uuid,
    submitted: &Submitted,
    now: DateTime<Utc>,
    _calendar: &Calendar,
) -> Vec<NoticeReference> {
    match submitted.request.primary_care_decision {
        PrimaryCareDecision::Granted | PrimaryCareDecision::Unknown => Vec::new(),
        PrimaryCareDecision::NotGranted => {
            vec![letter(NoticeKind::GrievanceInformation, 1, 0, now)]
        }
    }
}

impl Desk {
    pub fn letters_of_facts(&self, verified: &Verified) -> Vec<NoticeReference> {
        if self.state() == State::PendingReview
            && verified.assessment.pathway == Pathway::NetworkAccess
        {
            vec![next(self, NoticeKind::NetworkAccess)]
        } else {
            Vec::new()
        }
    }

    pub fn letters_of_approval(&self, _approval: &Approval) -> Vec<NoticeReference> {
        let mut letters = vec![next(self, NoticeKind::Approval)];
        letters.extend(copies(self));
        letters
    }

    /// The member's letter, and the copies.
    pub fn letters_of_denial(&self, _denial: &Denial) -> (NoticeReference, Vec<NoticeReference>) {
        (next(self, NoticeKind::Denial), copies(self))
    }

    /// Once a case, while it is under review.
    pub fn letter_of_lapse(&self) -> Option<NoticeReference> {
        let notices = &self.case.file.notices;
        let has_one = notices.iter().any(|held| held.kind == NoticeKind::Lapse);
        let owed = self.state() == State::PendingReview && !has_one && !self.post.no_lapse;
        owed.then(|| next(self, NoticeKind::Lapse))
    }
}
