//! The letters that go with what happens on the desk, made as the server makes them.

use chrono::{DateTime, Utc};
use second_opinion::case::{Approval, Denial, NoticeReference, Submitted, Verified};
use second_opinion::notice::{self, LetterContext, NoticeSettings, SealedLetter, Settings};
use second_opinion::plan::Plan;
use second_opinion::rules::Calendar;
use uuid::Uuid;

use super::Desk;

/// The plan, and what it sets about its letters.
#[derive(Clone, Default)]
pub struct Post {
    pub plan: Plan,
    pub notices: NoticeSettings,
}

fn references(made: impl IntoIterator<Item = SealedLetter>) -> Vec<NoticeReference> {
    made.into_iter().map(|made| made.reference).collect()
}

impl Post {
    pub fn send_no_lapse(&mut self) {
        self.notices.lapse = false;
    }

    fn settings(&self) -> Settings<'_> {
        Settings {
            plan: &self.plan,
            notices: &self.notices,
        }
    }
}

/// The letters of a request that comes in.
pub fn submission(
    post: &Post,
    id: Uuid,
    submitted: &Submitted,
    now: DateTime<Utc>,
    calendar: &Calendar,
) -> Vec<NoticeReference> {
    let making = LetterContext {
        new_id: Uuid::now_v7,
        determination_id: id,
        request: &submitted.request,
        edition: submitted.edition,
        now,
        settings: post.settings(),
        calendar,
    };
    references(notice::submission(submitted, making).expect("the plan can be reached"))
}

impl Desk {
    pub fn letters_of_facts(&self, verified: &Verified) -> Vec<NoticeReference> {
        let made = notice::verification(self.state(), verified, self.making());
        references(made.expect("the plan can be reached"))
    }

    pub fn letters_of_approval(&self, approval: &Approval) -> Vec<NoticeReference> {
        references(notice::approval(approval, self.making()).expect("the plan can be reached"))
    }

    /// The member's letter, and the copies.
    pub fn letters_of_denial(&self, denial: &Denial) -> (NoticeReference, Vec<NoticeReference>) {
        let made = notice::denial(denial, self.making()).expect("the plan can be reached");
        let mut letters = references(made);
        (letters.remove(0), letters)
    }

    pub fn letter_of_lapse(&self) -> Option<NoticeReference> {
        let made = notice::lapse(&self.case, self.making()).expect("the plan can be reached");
        made.map(|made| made.reference)
    }

    /// What a letter about the case is made with, as it now is.
    pub fn making(&self) -> LetterContext<'_> {
        let calendar = &self.policy.calendar;
        let settings = self.post.settings();
        LetterContext::of(&self.case, Uuid::now_v7, self.now, settings, calendar)
    }
}
