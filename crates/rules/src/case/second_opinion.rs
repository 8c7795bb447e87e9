//! A request for a second opinion, with every field well formed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::identifiers::{Cin, IcdCode, LanguageTag, Npi, Private, ProcedureCode, redacted_debug};
use super::provider::{NetworkAlternative, NetworkAvailability, Provider};
use crate::rules::{
    Availability, Facts, Inquiry, PrimaryCareDecision, Reason, RepresentativeAuthorization, Threat,
    UrgencyClaims,
};

/// A request for a second opinion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// The member.
    pub member: Member,
    /// The requesters; at least one.
    pub requesters: Vec<Requester>,
    /// The reasons; may be empty.
    pub reasons: Vec<RequestReason>,
    /// The clinical context.
    pub clinical_context: ClinicalContext,
    /// The provider requested for the opinion; `None`: none was named.
    pub requested_provider: Option<Provider>,
    /// The network's availability; `None`: not stated.
    pub network_availability: Option<NetworkAvailability>,
    /// The decision of primary care.
    pub primary_care_decision: PrimaryCareDecision,
    /// The claim of urgency, with later claims added.
    pub urgency_claim: Option<UrgencyClaim>,
    /// The instant at which the plan received the request, UTC to the microsecond.
    #[serde(with = "crate::rules::instant")]
    pub received_at: DateTime<Utc>,
    /// The number of the referral (RAF); empty: none.
    pub referral_number: String,
    /// The number of the treatment authorization request (TAR); empty: none.
    pub treatment_authorization_number: String,
    /// The specialty requested, as a NUCC code or in words; empty: none.
    pub specialty_wanted: Private,
}

/// The member.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The Medi-Cal CIN.
    pub member_id: Cin,
    /// The name; empty: not given.
    pub full_name: Private,
    /// The address for letters.
    pub address_lines: Vec<Private>,
    /// The language of letters.
    pub preferred_language: LanguageTag,
    /// The format of letters.
    pub alternative_format: AlternativeFormat,
    /// The language to speak; `None`: not given.
    pub spoken_language: Option<LanguageTag>,
    /// The confidential address; where given, every letter goes there and to no other address.
    pub confidential_address_lines: Vec<Private>,
}

impl Member {
    /// The address that letters go to: the confidential one where there is one.
    #[must_use]
    pub fn mailing_address(&self) -> &[Private] {
        if self.confidential_address_lines.is_empty() {
            &self.address_lines
        } else {
            &self.confidential_address_lines
        }
    }
}

/// The format in which a member reads letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlternativeFormat {
    /// Ordinary print.
    #[default]
    OrdinaryPrint,
    /// Large print.
    LargePrint,
    /// Audio.
    Audio,
    /// Braille.
    Braille,
    /// A data CD.
    DataCd,
}

/// A requester.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// The member.
    Member,
    /// An authorized representative.
    AuthorizedRepresentative(Representative),
    /// A health professional.
    HealthProfessional(HealthProfessional),
}

/// An authorized representative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Representative {
    /// The name; empty: not given.
    pub full_name: Private,
    /// The relationship to the member.
    pub relationship: Private,
    /// The basis of the authority.
    pub basis: AuthorityBasis,
    /// Whether the signed authorization is on file.
    pub authorization_on_file: bool,
    /// A phone number; empty: not given.
    pub phone: Private,
}

/// The basis of a representative's authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthorityBasis {
    /// Not stated.
    #[default]
    Unknown,
    /// The member's written designation.
    WrittenDesignation,
    /// A parent of a minor.
    ParentOfMinor,
    /// A guardian.
    Guardian,
    /// A conservator.
    Conservator,
    /// An agent under a power of attorney for health care.
    HealthCareAgent,
}

/// A requesting health professional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthProfessional {
    /// The NPI; `None`: not given.
    pub npi: Option<Npi>,
    /// The name; empty: not given.
    pub full_name: Private,
    /// A phone number; empty: not given.
    pub phone: Private,
    /// A fax number; empty: not given.
    pub fax: Private,
}

/// A reason for the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestReason {
    /// Its code; `None`: not known.
    pub code: Option<Reason>,
    /// The threats of a serious condition.
    pub threats: Vec<Threat>,
    /// The reason in words; empty: none.
    pub detail: Private,
}

/// The clinical context.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClinicalContext {
    /// ICD-10-CM codes.
    pub diagnosis_codes: Vec<IcdCode>,
    /// CPT or HCPCS codes.
    pub procedure_codes: Vec<ProcedureCode>,
    /// A summary in words; empty: none.
    pub summary: Private,
    /// The professional that gave the first opinion; `None`: not given.
    pub initiating_professional_npi: Option<Npi>,
}

/// A claim that the request is urgent. At least one of the three is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrgencyClaim {
    /// III.A.1, the statement; empty: not claimed.
    pub psychological_jeopardy: Private,
    /// III.A.2; `None`: not claimed.
    pub practitioner_opinion: Option<PractitionerOpinion>,
    /// 42 CFR 438.210(d)(2), the statement; empty: not claimed.
    pub functional_jeopardy: Private,
}

/// A practitioner's opinion that waiting would harm (III.A.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PractitionerOpinion {
    /// The practitioner.
    pub npi: Npi,
    /// The statement.
    pub statement: Private,
}

redacted_debug!(Member, ClinicalContext, PractitionerOpinion);

impl UrgencyClaim {
    /// The claims that are made.
    #[must_use]
    pub fn claims(&self) -> UrgencyClaims {
        UrgencyClaims {
            psychological: !self.psychological_jeopardy.is_empty(),
            practitioner: self.practitioner_opinion.is_some(),
            functional: !self.functional_jeopardy.is_empty(),
        }
    }

    /// Fills in what only a later claim states; a statement that is held stays.
    fn fill_from(&mut self, later: &Self) {
        if self.psychological_jeopardy.is_empty() {
            self.psychological_jeopardy
                .clone_from(&later.psychological_jeopardy);
        }
        if self.practitioner_opinion.is_none() {
            self.practitioner_opinion
                .clone_from(&later.practitioner_opinion);
        }
        if self.functional_jeopardy.is_empty() {
            self.functional_jeopardy
                .clone_from(&later.functional_jeopardy);
        }
    }
}

impl SecondOpinion {
    /// The facts that the rules are applied to.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let availability = match &self.network_availability {
            Some(network) => network.effective(),
            None => Availability::Unknown,
        };
        let Some(provider) = &self.requested_provider else {
            return Facts {
                availability,
                ..Facts::default()
            };
        };
        Facts {
            provider: Some(provider.network_status),
            availability,
            medi_cal: provider.medi_cal_status,
            role: provider.role,
            within_scope: provider.within_scope,
            relevant_expertise: provider.relevant_expertise,
        }
    }

    /// Adds a claim of urgency made after submission.
    pub(super) fn claim_urgency(&mut self, later: &UrgencyClaim) {
        match &mut self.urgency_claim {
            Some(held) => held.fill_from(later),
            None => self.urgency_claim = Some(later.clone()),
        }
    }

    /// The codes of the reasons that have a known one.
    #[must_use]
    pub fn reason_codes(&self) -> Vec<Reason> {
        self.reasons
            .iter()
            .filter_map(|reason| reason.code)
            .collect()
    }

    /// The network professionals named on the case.
    #[must_use]
    pub fn alternatives(&self) -> &[NetworkAlternative] {
        self.network_availability
            .as_ref()
            .map_or(&[], |network| &network.alternatives)
    }

    /// Whether a health professional is among the requesters (HSC 1367.01(h)(3)).
    #[must_use]
    pub fn has_requesting_professional(&self) -> bool {
        self.requesters
            .iter()
            .any(|requester| matches!(requester, Requester::HealthProfessional(_)))
    }

    /// Whether a representative with a signed authorization on file is among the requesters.
    #[must_use]
    pub fn has_authorized_representative(&self) -> bool {
        self.representatives()
            .any(|representative| representative.authorization_on_file)
    }

    fn representatives(&self) -> impl Iterator<Item = &Representative> {
        self.requesters
            .iter()
            .filter_map(|requester| match requester {
                Requester::AuthorizedRepresentative(representative) => Some(representative),
                Requester::Member | Requester::HealthProfessional(_) => None,
            })
    }

    /// The input of an evaluation. `urgent_since` is the receipt of the request to expedite that made it urgent.
    #[must_use]
    pub fn inquiry(&self, urgent_since: Option<DateTime<Utc>>) -> Inquiry {
        let authorization = if self.representatives().next().is_none() {
            RepresentativeAuthorization::NotNeeded
        } else if self
            .representatives()
            .all(|representative| representative.authorization_on_file)
        {
            RepresentativeAuthorization::OnFile
        } else {
            RepresentativeAuthorization::Missing
        };
        let initiating = self.clinical_context.initiating_professional_npi.as_ref();
        let requested = self
            .requested_provider
            .as_ref()
            .and_then(|provider| provider.npi.as_ref());
        Inquiry {
            received_at: self.received_at,
            facts: self.facts(),
            claims: self
                .urgency_claim
                .as_ref()
                .map(UrgencyClaim::claims)
                .unwrap_or_default(),
            urgent_since,
            primary_care: self.primary_care_decision,
            reasons: self.reason_codes(),
            threat_named: self.reasons.iter().any(|reason| {
                reason.code == Some(Reason::SeriousCondition) && !reason.threats.is_empty()
            }),
            authorization,
            requests_initiating_professional: initiating.is_some() && initiating == requested,
        }
    }
}
