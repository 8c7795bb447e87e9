//! Which letters go with what happened, and what is so in each? Pure: the event in, its letters out.

use chrono::TimeDelta;

use super::letter::{
    AboutMember, Addressee, ApprovalNotice, Asked, Asker, Content, DecisionInWriting, DenialNotice,
    GrievanceNotice, LETTER_SCHEMA, LapseNotice, Letter, NetworkAccessNotice, ProviderCopy,
    ReasonInWriting, Sender,
};
use super::rights::{AppealRight, GrievanceRight, HowTo};
use super::so::{
    approved, copy_of, further_help, named, network_offer, professionals, reason, referred, to_see,
    written,
};
use super::{Made, Making, NoticeError, SHIPPED_LANGUAGES};
use second_opinion_rules::case::{
    AlternativeFormat, Approval, Case, Denial, Digest, HealthProfessional, LanguageTag, NoticeKind,
    NoticeReference, Private, State, Submitted, Verified,
};
use second_opinion_rules::rules::{POLICY_NUMBER, Pathway, PrimaryCareDecision};

/// The letters of a denial: the member's first (VI.F), then a copy for each health professional who asked.
///
/// # Errors
/// When there is no reason, a reason is not held in the member's language, or the plan cannot be reached for an appeal
/// or a grievance.
pub fn denial(denial: &Denial, making: Making<'_>) -> Result<Vec<Made>, NoticeError> {
    let language = making.language();
    let reasons: Vec<ReasonInWriting> = denial.reasons.iter().map(reason).collect();
    let untranslated: Vec<usize> = (0..reasons.len())
        .filter(|index| !reasons[*index].is_in(&language.primary()))
        .collect();
    if !untranslated.is_empty() {
        return Err(NoticeError::Untranslated {
            language: language.primary(),
            reasons: untranslated,
        });
    }
    let (first, further) = reasons.split_first().ok_or(NoticeError::NoReason)?;
    let reviewer = denial.reviewer.reviewer();
    let appeal = AppealRight::new(
        making.calendar.day_of(making.now),
        &making.settings.plan.appeals,
    )
    .ok_or(NoticeError::NoWay("appeals"))?;
    let mut notice = DenialNotice::new(
        first.clone(),
        further.to_vec(),
        appeal.clone(),
        making.grievance()?,
        named(reviewer),
    );
    notice.after = further_help(making.settings.plan);
    notice.referral = denial.referral.as_ref().map(referred);
    notice.network = network_offer(denial, making.request);
    let referral = notice.referral.clone();
    let mut letters = vec![making.to_member(Content::Denial(Box::new(notice)))?];
    for professional in professionals(making.request) {
        let decision = DecisionInWriting::Denied {
            reasons: reasons.clone(),
            referral: referral.clone(),
            appeal: appeal.clone(),
        };
        letters.push(making.to_professional(professional, copy_of(decision, reviewer))?);
    }
    Ok(letters)
}

/// The letters of an approval: the member's first, then a copy for each health professional who asked.
///
/// # Errors
/// When the plan cannot be reached for a grievance.
pub fn approval(approval: &Approval, making: Making<'_>) -> Result<Vec<Made>, NoticeError> {
    let approved = approved(approval, making.request);
    let notice = ApprovalNotice {
        approved: approved.clone(),
        reviewer: named(&approval.reviewer),
        grievance: making.grievance()?,
    };
    let mut letters = vec![making.to_member(Content::Approval(Box::new(notice)))?];
    for professional in professionals(making.request) {
        let copy = copy_of(
            DecisionInWriting::Approved(approved.clone()),
            &approval.reviewer,
        );
        letters.push(making.to_professional(professional, copy)?);
    }
    Ok(letters)
}

/// The letters of a submission: how to file a grievance, where primary care did not grant the request (VI.E).
///
/// # Errors
/// When the plan cannot be reached for a grievance.
pub fn submission(submitted: &Submitted, making: Making<'_>) -> Result<Vec<Made>, NoticeError> {
    match submitted.request.primary_care_decision {
        PrimaryCareDecision::Granted | PrimaryCareDecision::Unknown => return Ok(Vec::new()),
        PrimaryCareDecision::NotGranted => {}
    }
    let under_review = match submitted.assessment.pathway {
        Pathway::PriorAuthorization => true,
        Pathway::NetworkAccess => false,
    };
    let see = if under_review {
        Vec::new()
    } else {
        to_see(making.request, submitted.assessment.recommendation)
    };
    let notice = GrievanceNotice {
        under_review,
        see,
        grievance: making.grievance()?,
    };
    Ok(vec![making.to_member(Content::GrievanceInformation(
        Box::new(notice),
    ))?])
}

/// The letters of facts that were learned: that no permission is needed, where a case that was under review moves to
/// the network way (VI.A).
///
/// # Errors
/// When the plan cannot be reached for a grievance.
pub fn verification(
    before: State,
    verified: &Verified,
    making: Making<'_>,
) -> Result<Vec<Made>, NoticeError> {
    match (before, verified.assessment.pathway) {
        (State::PendingReview, Pathway::NetworkAccess) => {}
        (
            State::PendingReview
            | State::NoAuthorizationRequired
            | State::Approved
            | State::Denied
            | State::Withdrawn,
            Pathway::NetworkAccess | Pathway::PriorAuthorization,
        ) => return Ok(Vec::new()),
    }
    let notice = NetworkAccessNotice {
        see: to_see(making.request, verified.assessment.recommendation),
        grievance: making.grievance()?,
    };
    Ok(vec![
        making.to_member(Content::NetworkAccess(Box::new(notice)))?,
    ])
}

/// The letter of a clock that ran out before anything was decided (42 CFR 438.404(c)(5)), one a case; `None`: no clock
/// has, the case has the letter already, or the plan sends none.
///
/// # Errors
/// When the plan cannot be reached for an appeal or a grievance.
pub fn lapse(case: &Case, making: Making<'_>) -> Result<Option<Made>, NoticeError> {
    let pending = case.current.state == State::PendingReview;
    let has_one = case
        .current
        .notices
        .iter()
        .any(|notice| notice.kind == NoticeKind::Lapse);
    if !pending || has_one || !making.settings.notices.lapse {
        return Ok(None);
    }
    let limits = case
        .current
        .clocks
        .iter()
        .filter(|clock| clock.runs())
        .flat_map(|clock| &clock.limits);
    let Some(limit) = limits
        .filter(|limit| limit.due_at <= making.now)
        .min_by_key(|limit| limit.due_at)
    else {
        return Ok(None);
    };
    let plan = &making.settings.plan;
    let notice = LapseNotice {
        // The end of a day is the midnight after it.
        due: making
            .calendar
            .day_of(limit.due_at - TimeDelta::microseconds(1)),
        rule: limit.source,
        appeal: AppealRight::new(making.calendar.day_of(limit.due_at), &plan.appeals)
            .ok_or(NoticeError::NoWay("appeals"))?,
        grievance: making.grievance()?,
        after: further_help(plan),
    };
    making.to_member(Content::Lapse(Box::new(notice))).map(Some)
}

// === impl Making ===

impl Making<'_> {
    /// The language of the member's letters: the member's own where letters are shipped in it, else English.
    fn language(&self) -> LanguageTag {
        let wanted = &self.request.member.preferred_language;
        let shipped = SHIPPED_LANGUAGES.contains(&wanted.primary().as_str());
        if shipped {
            LanguageTag::parse(&wanted.primary()).unwrap_or_else(LanguageTag::english)
        } else {
            LanguageTag::english()
        }
    }

    fn grievance(&self) -> Result<GrievanceRight, NoticeError> {
        GrievanceRight::new(&self.settings.plan.grievance_coordinator)
            .ok_or(NoticeError::NoWay("grievance_coordinator"))
    }

    fn to_member(self, content: Content) -> Result<Made, NoticeError> {
        let member = &self.request.member;
        let to = Addressee {
            full_name: member.full_name.clone(),
            address_lines: member.mailing_address().to_vec(),
            fax: Private::default(),
            phone: Private::default(),
        };
        let mut letter = self.letter(self.language(), to, content);
        letter.translation_needed =
            !SHIPPED_LANGUAGES.contains(&member.preferred_language.primary().as_str());
        letter.large_print = member.alternative_format == AlternativeFormat::LargePrint;
        letter.enclosures = self.settings.notices.enclosed();
        let services = self.settings.plan.member_services.clone();
        letter.language_help = self.settings.notices.help_lines(&services);
        sealed(letter)
    }

    fn to_professional(
        self,
        professional: &HealthProfessional,
        copy: ProviderCopy,
    ) -> Result<Made, NoticeError> {
        let to = Addressee {
            full_name: professional.full_name.clone(),
            address_lines: Vec::new(),
            fax: professional.fax.clone(),
            phone: professional.phone.clone(),
        };
        let content = Content::ProviderCopy(Box::new(copy));
        sealed(self.letter(LanguageTag::english(), to, content))
    }

    fn letter(&self, language: LanguageTag, to: Addressee, content: Content) -> Letter {
        let plan = &self.settings.plan;
        let member = &self.request.member;
        Letter {
            schema: LETTER_SCHEMA,
            notice_id: self.notice_id(),
            determination_id: self.determination_id,
            language,
            translation_needed: false,
            large_print: false,
            day: self.calendar.day_of(self.now),
            issued_at: self.now,
            plan: Sender {
                name: plan.name.clone(),
                address_lines: plan.address_lines.clone(),
                member_services: HowTo::new(&plan.member_services),
                knox_keene: plan.knox_keene,
                independent_review: plan.independent_review.as_ref().and_then(HowTo::new),
            },
            to,
            member: AboutMember {
                full_name: member.full_name.clone(),
                member_id: Private(member.member_id.as_str().to_owned()),
            },
            request: Asked {
                by: self.request.requesters.iter().map(Asker::from).collect(),
                received: self.calendar.day_of(self.request.received_at),
                of: self
                    .request
                    .requested_provider
                    .as_ref()
                    .map(|provider| written(provider, false)),
                policy: POLICY_NUMBER.to_owned(),
                edition: self.edition,
            },
            content,
            enclosures: Vec::new(),
            language_help: Vec::new(),
        }
    }
}

/// The letter's bytes, and what the case says of them.
fn sealed(letter: Letter) -> Result<Made, NoticeError> {
    let bytes = serde_json::to_vec(&letter).map_err(|_| NoticeError::Unreadable)?;
    let reference = NoticeReference {
        notice_id: letter.notice_id,
        kind: letter.content.kind(),
        language: letter.language.clone(),
        issued_at: letter.issued_at,
        sha256: Digest::of(&bytes),
        translation_needed: letter.translation_needed,
    };
    Ok(Made {
        letter,
        reference,
        bytes,
    })
}
