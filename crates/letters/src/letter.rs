//! The stored model of a letter, from which every form is rendered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::contact::ContactMethods;
use super::content::{Content, ProviderDetails};
use second_opinion_rules::case::{LanguageTag, Private, Requester};

/// The schema of a stored letter. A later schema gets another number, and its reader also reads this one.
pub const LETTER_SCHEMA: u32 = 2;

/// A letter, composed when its event happens and stored with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The [`LETTER_SCHEMA`] with which it was stored.
    pub schema: u32,
    /// The id of the letter.
    pub notice_id: Uuid,
    /// The id of the case.
    pub determination_id: Uuid,
    /// The language of the letter.
    pub language: LanguageTag,
    /// Whether letters are not shipped in the member's language.
    pub translation_needed: bool,
    /// Whether the member prefers large print.
    pub large_print: bool,
    /// The local day printed on the letter.
    pub day: NaiveDate,
    /// The instant at which it was composed.
    pub issued_at: DateTime<Utc>,
    /// The plan that sends it.
    pub plan: Sender,
    /// The addressee.
    pub to: Addressee,
    /// The member.
    pub member: MemberIdentity,
    /// The request.
    pub request: RequestSummary,
    /// The content.
    pub content: Content,
    /// The enclosures.
    pub enclosures: Vec<ListedEnclosure>,
    /// The lines of language help, each in its own language.
    pub language_help: Vec<LanguageHelp>,
}

/// The plan that sends a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The name.
    pub name: String,
    /// The address; empty: not configured.
    pub address_lines: Vec<String>,
    /// Member services; `None`: not configured.
    pub member_services: Option<ContactMethods>,
    /// Whether the plan is licensed under the Knox-Keene Act; its letters then have a section on independent review.
    pub knox_keene: bool,
    /// The office for independent medical review; `None`: not configured.
    pub independent_review: Option<ContactMethods>,
}

/// The addressee of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// The name; empty: not held.
    pub full_name: Private,
    /// The postal address; of a member with a confidential address, that one and no other.
    pub address_lines: Vec<Private>,
    /// The fax number, of a professional; empty: not held.
    pub fax: Private,
    /// The phone number, of a professional; empty: not held.
    pub phone: Private,
}

/// The member that a letter is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberIdentity {
    /// The name; empty: not held.
    pub full_name: Private,
    /// The CIN.
    pub member_id: Private,
}

/// An enclosure as the letter lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEnclosure {
    /// The title.
    pub title: String,
    /// The language of the sheet; `None`: it goes with letters in any language.
    pub language: Option<LanguageTag>,
}

/// A line of language help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageHelp {
    /// The language.
    pub language: LanguageTag,
    /// The words, with the phone number.
    pub text: String,
}

/// The request as a letter states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// The requesting parties.
    pub by: Vec<RequestingParty>,
    /// The local day of receipt.
    pub received: NaiveDate,
    /// The requested provider; `None`: none is named.
    pub of: Option<ProviderDetails>,
    /// The number of the policy.
    pub policy: String,
    /// The day of the policy's edition.
    pub edition: NaiveDate,
}

/// A requesting party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestingParty {
    /// The member.
    Member,
    /// A representative.
    Representative,
    /// A health professional.
    HealthProfessional,
}

impl From<&Requester> for RequestingParty {
    fn from(requester: &Requester) -> Self {
        match requester {
            Requester::Member => Self::Member,
            Requester::AuthorizedRepresentative(_) => Self::Representative,
            Requester::HealthProfessional(_) => Self::HealthProfessional,
        }
    }
}
