//! Composes the letters of each event. Pure: the event in, its letters out.

use chrono::TimeDelta;

use super::contact::ContactMethods;
use super::content::{
    ApprovalNotice, Content, DenialNotice, GrievanceNotice, LapseNotice, NetworkAccessNotice,
    ProviderCopy, WrittenDecision, WrittenReason,
};
use super::context::LetterContext;
use super::error::NoticeError;
use super::letter::{
    Addressee, LETTER_SCHEMA, Letter, MemberIdentity, RequestSummary, RequestingParty, Sender,
};
use super::letter_facts::{
    further_help, named_reviewer, network_offer, provider_copy, provider_details, providers_to_see,
    referral_details, requesting_professionals, written_approval, written_reason,
};
use super::rights::{AppealRight, GrievanceRight};
use super::sealed::SealedLetter;
use super::templates::SHIPPED_LANGUAGES;
use second_opinion_rules::case::{
    AlternativeFormat, Approval, Case, Denial, HealthProfessional, LanguageTag, NoticeKind,
    Private, State, Submitted, Verified,
};
use second_opinion_rules::rules::{POLICY_NUMBER, Pathway, PrimaryCareDecision};

/// The letters of a denial: the member's first (VI.F), then a copy for each requesting health professional.
///
/// # Errors
/// Fails if no reason is given, a reason is not held in the member's language, or the plan has no contact method for
/// appeals or grievances.
pub fn denial(
    denial: &Denial,
    context: LetterContext<'_>,
) -> Result<Vec<SealedLetter>, NoticeError> {
    let language = context.language();
    let reasons: Vec<WrittenReason> = denial.reasons.iter().map(written_reason).collect();
    let untranslated: Vec<usize> = (0..reasons.len())
        .filter(|index| !reasons[*index].is_in(&language.primary()))
        .collect();
    if !untranslated.is_empty() {
        return Err(NoticeError::TranslationMissing {
            language: language.primary(),
            reasons: untranslated,
        });
    }
    let (first, further) = reasons.split_first().ok_or(NoticeError::NoReason)?;
    let reviewer = denial.reviewer.reviewer();
    let appeal = AppealRight::new(
        context.calendar.day_of(context.now),
        &context.settings.plan.appeals,
    )
    .ok_or(NoticeError::NoContactMethod("appeals"))?;
    let mut notice = DenialNotice::new(
        first.clone(),
        further.to_vec(),
        appeal.clone(),
        context.grievance_right()?,
        named_reviewer(reviewer),
    );
    notice.after = further_help(context.settings.plan);
    notice.referral = denial.referral.as_ref().map(referral_details);
    notice.network = network_offer(denial, context.request);
    let referral = notice.referral.clone();
    let mut letters = vec![context.member_letter(Content::Denial(Box::new(notice)))?];
    for professional in requesting_professionals(context.request) {
        let decision = WrittenDecision::Denied {
            reasons: reasons.clone(),
            referral: referral.clone(),
            appeal: appeal.clone(),
        };
        letters.push(context.professional_letter(professional, provider_copy(decision, reviewer))?);
    }
    Ok(letters)
}

/// The letters of an approval: the member's first, then a copy for each requesting health professional.
///
/// # Errors
/// Fails if the plan has no contact method for grievances.
pub fn approval(
    approval: &Approval,
    context: LetterContext<'_>,
) -> Result<Vec<SealedLetter>, NoticeError> {
    let approved = written_approval(approval, context.request);
    let notice = ApprovalNotice {
        approved: approved.clone(),
        reviewer: named_reviewer(&approval.reviewer),
        grievance: context.grievance_right()?,
    };
    let mut letters = vec![context.member_letter(Content::Approval(Box::new(notice)))?];
    for professional in requesting_professionals(context.request) {
        let copy = provider_copy(
            WrittenDecision::Approved(approved.clone()),
            &approval.reviewer,
        );
        letters.push(context.professional_letter(professional, copy)?);
    }
    Ok(letters)
}

/// The letters of a submission: how to file a grievance, if primary care did not grant the request (VI.E).
///
/// # Errors
/// Fails if the plan has no contact method for grievances.
pub fn submission(
    submitted: &Submitted,
    context: LetterContext<'_>,
) -> Result<Vec<SealedLetter>, NoticeError> {
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
        providers_to_see(context.request, submitted.assessment.recommendation)
    };
    let notice = GrievanceNotice {
        under_review,
        see,
        grievance: context.grievance_right()?,
    };
    Ok(vec![context.member_letter(
        Content::GrievanceInformation(Box::new(notice)),
    )?])
}

/// The letters of verified facts: no authorization is needed, if the case was under review and moves to the network
/// pathway (VI.A).
///
/// # Errors
/// Fails if the plan has no contact method for grievances.
pub fn verification(
    before: State,
    verified: &Verified,
    context: LetterContext<'_>,
) -> Result<Vec<SealedLetter>, NoticeError> {
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
        see: providers_to_see(context.request, verified.assessment.recommendation),
        grievance: context.grievance_right()?,
    };
    Ok(vec![
        context.member_letter(Content::NetworkAccess(Box::new(notice)))?,
    ])
}

/// The letter of an untimely decision (42 CFR 438.404(c)(5)), at most one a case. `None`: no clock has run out, the
/// case has the letter already, or the plan sends none.
///
/// # Errors
/// Fails if the plan has no contact method for appeals or grievances.
pub fn lapse(case: &Case, context: LetterContext<'_>) -> Result<Option<SealedLetter>, NoticeError> {
    let pending = case.current.state == State::PendingReview;
    let has_one = case
        .current
        .notices
        .iter()
        .any(|notice| notice.kind == NoticeKind::Lapse);
    if !pending || has_one || !context.settings.notices.lapse {
        return Ok(None);
    }
    let limits = case
        .current
        .clocks
        .iter()
        .filter(|clock| clock.runs())
        .flat_map(|clock| &clock.limits);
    let Some(limit) = limits
        .filter(|limit| limit.due_at <= context.now)
        .min_by_key(|limit| limit.due_at)
    else {
        return Ok(None);
    };
    let plan = &context.settings.plan;
    let notice = LapseNotice {
        // A day ends at the midnight after it.
        due: context
            .calendar
            .day_of(limit.due_at - TimeDelta::microseconds(1)),
        rule: limit.source,
        appeal: AppealRight::new(context.calendar.day_of(limit.due_at), &plan.appeals)
            .ok_or(NoticeError::NoContactMethod("appeals"))?,
        grievance: context.grievance_right()?,
        after: further_help(plan),
    };
    context
        .member_letter(Content::Lapse(Box::new(notice)))
        .map(Some)
}

// === impl LetterContext ===

impl LetterContext<'_> {
    /// The language of the member's letters: the member's own if letters are shipped in it, else English.
    fn language(&self) -> LanguageTag {
        let wanted = &self.request.member.preferred_language;
        let shipped = SHIPPED_LANGUAGES.contains(&wanted.primary().as_str());
        if shipped {
            LanguageTag::parse(&wanted.primary()).unwrap_or_else(LanguageTag::english)
        } else {
            LanguageTag::english()
        }
    }

    fn grievance_right(&self) -> Result<GrievanceRight, NoticeError> {
        GrievanceRight::new(&self.settings.plan.grievance_coordinator)
            .ok_or(NoticeError::NoContactMethod("grievance_coordinator"))
    }

    fn member_letter(self, content: Content) -> Result<SealedLetter, NoticeError> {
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
        SealedLetter::seal(letter)
    }

    fn professional_letter(
        self,
        professional: &HealthProfessional,
        copy: ProviderCopy,
    ) -> Result<SealedLetter, NoticeError> {
        let to = Addressee {
            full_name: professional.full_name.clone(),
            address_lines: Vec::new(),
            fax: professional.fax.clone(),
            phone: professional.phone.clone(),
        };
        let content = Content::ProviderCopy(Box::new(copy));
        SealedLetter::seal(self.letter(LanguageTag::english(), to, content))
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
                member_services: ContactMethods::new(&plan.member_services),
                knox_keene: plan.knox_keene,
                independent_review: plan
                    .independent_review
                    .as_ref()
                    .and_then(ContactMethods::new),
            },
            to,
            member: MemberIdentity {
                full_name: member.full_name.clone(),
                member_id: Private(member.member_id.as_str().to_owned()),
            },
            request: RequestSummary {
                by: self
                    .request
                    .requesters
                    .iter()
                    .map(RequestingParty::from)
                    .collect(),
                received: self.calendar.day_of(self.request.received_at),
                of: self
                    .request
                    .requested_provider
                    .as_ref()
                    .map(|provider| provider_details(provider, false)),
                policy: POLICY_NUMBER.to_owned(),
                edition: self.edition,
            },
            content,
            enclosures: Vec::new(),
            language_help: Vec::new(),
        }
    }
}
