//! What does a letter hold? One model; every form of it is rendered from this.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::contact::ContactMethods;
use super::content::{Content, ProviderDetails};
use second_opinion_rules::case::{LanguageTag, Private, Requester};

/// The shape of a stored letter. A later shape gets another number and reads this one too.
pub const LETTER_SCHEMA: u32 = 2;

/// A letter, made at the moment of what it tells of and stored with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// [`LETTER_SCHEMA`] of the time.
    pub schema: u32,
    /// Its id.
    pub notice_id: Uuid,
    /// The case.
    pub determination_id: Uuid,
    /// Its language.
    pub language: LanguageTag,
    /// Whether its reader's language is one that letters are not shipped in.
    pub translation_needed: bool,
    /// Whether its reader prefers large print.
    pub large_print: bool,
    /// The local day that it bears.
    pub day: NaiveDate,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// The plan that sends it.
    pub plan: Sender,
    /// Whom it goes to.
    pub to: Addressee,
    /// The member that it is about.
    pub member: MemberIdentity,
    /// What was asked for.
    pub request: RequestSummary,
    /// What it says.
    pub content: Content,
    /// The titles of the sheets that go with it.
    pub enclosures: Vec<ListedEnclosure>,
    /// Where help is to be had, each in a language of its own.
    pub language_help: Vec<LanguageHelp>,
}

/// The plan that sends a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Its name.
    pub name: String,
    /// Its own address; empty: not configured.
    pub address_lines: Vec<String>,
    /// Member services; `None`: not configured.
    pub member_services: Option<ContactMethods>,
    /// Whether it is licensed under the Knox-Keene Act, whose letters say more.
    pub knox_keene: bool,
    /// Who hears an independent medical review; `None`: not configured.
    pub independent_review: Option<ContactMethods>,
}

/// Whom a letter goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// The name; empty: not held.
    pub full_name: Private,
    /// Where the letter goes. Of a member with a confidential address it is that one and no other.
    pub address_lines: Vec<Private>,
    /// The fax number; empty: not held, or not a professional's.
    pub fax: Private,
    /// The phone number; empty: not held, or not a professional's.
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

/// A sheet that goes with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEnclosure {
    /// Its title.
    pub title: String,
    /// The language that it is in; `None`: any.
    pub language: Option<LanguageTag>,
}

/// Where help is to be had, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageHelp {
    /// The language.
    pub language: LanguageTag,
    /// The words, phone number included.
    pub text: String,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// Who asked.
    pub by: Vec<RequestingParty>,
    /// The local day on which the plan received it.
    pub received: NaiveDate,
    /// Whom it names; `None`: no one.
    pub of: Option<ProviderDetails>,
    /// The policy's number.
    pub policy: String,
    /// The day of its edition.
    pub edition: NaiveDate,
}

/// Who asked.
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
