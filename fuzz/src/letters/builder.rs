//! Builds letters of every kind with arbitrary texts.

use arbitrary::Unstructured;
use chrono::{DateTime, Days, NaiveDate};
use second_opinion::case::{LanguageTag, Private, Translation};
use second_opinion::notice::{
    Addressee, AppealRight, ApprovalNotice, ContactMethods, Content, DenialNotice, FurtherHelp,
    GrievanceNotice, GrievanceRight, HearingRight, LETTER_SCHEMA, LanguageHelp, LapseNotice,
    Letter, ListedEnclosure, MemberIdentity, NamedReviewer, NetworkAccessNotice, NetworkOffer,
    ProviderCopy, ProviderDetails, RequestSummary, RequestingParty, Sender, WrittenApproval,
    WrittenDecision, WrittenReason,
};
use second_opinion::plan::ContactPoint;
use second_opinion::rules::{Clause, DenialReasonCode};
use uuid::Uuid;

use super::super::support::{below, once_in, one_of, text};

/// Texts that a careless renderer would treat as markup.
const HOSTILE: [&str; 18] = [
    "<script>alert(1)</script>",
    "</style><b onclick=\"x\">",
    "&amp;&#39;'\"",
    "# A title",
    "## appeal | words",
    "### A heading",
    "- an item",
    "> a quote",
    "@@ an address",
    "@ a line",
    "| a name | a value",
    "~ es | palabras",
    "**strong** **",
    "{{ letter.day }} {% if x %} {# #}",
    "{number} {address} {n} {page} {pages} {phone}",
    "a | b || c",
    "\u{202e}right to left\u{202c}",
    "e\u{301}\u{200b}\u{10ffff}\u{feff}",
];

/// Builds a letter from bytes. A plain letter has the text `Words` in every place.
pub struct LetterBuilder<'a> {
    bytes: Unstructured<'a>,
    plain: bool,
}

impl<'a> LetterBuilder<'a> {
    pub fn new(data: &'a [u8], plain: bool) -> Self {
        Self {
            bytes: Unstructured::new(data),
            plain,
        }
    }

    /// A line as requests and the configuration allow it: trimmed, without control characters, not empty.
    fn line(&mut self) -> String {
        let words = match below(&mut self.bytes, 4) {
            0 => "Sample words".to_owned(),
            1 => text(&mut self.bytes),
            _ => one_of(&mut self.bytes, &HOSTILE).to_owned(),
        };
        let line: String = words
            .chars()
            .filter(|it| !it.is_control() && !matches!(it, '\u{2028}' | '\u{2029}'))
            .collect();
        match line.trim() {
            _ if self.plain => "Words".to_owned(),
            "" => "Sample words".to_owned(),
            line => line.to_owned(),
        }
    }

    /// A text of up to three lines.
    fn words(&mut self) -> String {
        let further = below(&mut self.bytes, 3);
        let first = self.line();
        (0..further).fold(first, |words, _| {
            let end = one_of(&mut self.bytes, &["\n", "\r\n", "\n\n"]);
            let next = self.line();
            // A plain letter's text is one line, because line breaks in a text do not change the letter's shape.
            if self.plain {
                words
            } else {
                words + end + &next
            }
        })
    }

    /// A line, or an empty text.
    fn optional_line(&mut self) -> String {
        if once_in(&mut self.bytes, 3) {
            String::new()
        } else {
            self.line()
        }
    }

    fn private(&mut self) -> Private {
        Private(self.line())
    }

    fn lines(&mut self) -> Vec<String> {
        (0..below(&mut self.bytes, 4))
            .map(|_| self.line())
            .collect()
    }

    fn day(&mut self) -> NaiveDate {
        let days = self.bytes.arbitrary::<u16>().unwrap_or_default();
        NaiveDate::default() + Days::new(days.into())
    }

    fn flag(&mut self) -> bool {
        once_in(&mut self.bytes, 2)
    }

    /// An office with at least a phone number.
    fn office(&mut self) -> ContactPoint {
        ContactPoint {
            name: self.line(),
            phone: self.line(),
            tty: self.optional_line(),
            hours: self.optional_line(),
            address_lines: self.lines(),
            website: self.optional_line(),
            ..ContactPoint::default()
        }
    }

    fn how_to(&mut self) -> Option<ContactMethods> {
        ContactMethods::new(&self.office())
    }

    fn appeal(&mut self) -> AppealRight {
        AppealRight::new(self.day(), &self.office()).expect("contact details")
    }

    fn grievance(&mut self) -> GrievanceRight {
        GrievanceRight::new(&self.office()).expect("contact details")
    }

    fn further_help(&mut self) -> FurtherHelp {
        FurtherHelp {
            hearing: HearingRight::new(&self.office()).filter(|_| self.flag()),
            ombudsman: self.how_to().filter(|_| self.flag()),
            legal_help: self.how_to().filter(|_| self.flag()),
        }
    }

    fn provider(&mut self) -> ProviderDetails {
        ProviderDetails {
            name: self.line(),
            npi: self.optional_line(),
            phone: self.optional_line(),
            address_lines: self.lines(),
            in_network: self.flag(),
            first_appointment: Some(self.day()).filter(|_| self.flag()),
        }
    }

    fn optional_provider(&mut self) -> Option<ProviderDetails> {
        Some(self.provider()).filter(|_| self.flag())
    }

    fn reviewer(&mut self) -> NamedReviewer {
        NamedReviewer {
            full_name: self.line(),
            title: self.line(),
        }
    }

    fn reason(&mut self) -> WrittenReason {
        let code = one_of(&mut self.bytes, &DenialReasonCode::ALL);
        let mut private = |optional: bool| {
            if optional && once_in(&mut self.bytes, 3) {
                Private::default()
            } else {
                Private(self.words())
            }
        };
        let (explanation, clinical_rationale) = (private(false), private(true));
        let (evidence, authority) = (private(true), private(true));
        let translation = Translation {
            language: LanguageTag::parse("es").expect("a language"),
            explanation: Private(self.words()),
            clinical_rationale: Private(self.words()),
        };
        WrittenReason {
            code,
            clauses: code.clauses().to_vec(),
            explanation,
            clinical_rationale,
            criteria: (0..below(&mut self.bytes, 3))
                .map(|_| Private(self.words()))
                .collect(),
            evidence,
            authority,
            translations: Some(translation)
                .filter(|_| self.flag())
                .into_iter()
                .collect(),
        }
    }

    fn reasons(&mut self) -> Vec<WrittenReason> {
        (0..=below(&mut self.bytes, 3))
            .map(|_| self.reason())
            .collect()
    }

    fn approved(&mut self) -> WrittenApproval {
        WrittenApproval {
            authorization_number: self.line(),
            provider: self.provider(),
            service_code: Private(self.optional_line()),
            units: self.bytes.arbitrary().unwrap_or(1),
            valid_from: self.day(),
            valid_through: self.day(),
            another_by_agreement: self.flag(),
        }
    }

    fn providers(&mut self) -> Vec<ProviderDetails> {
        (0..below(&mut self.bytes, 3))
            .map(|_| self.provider())
            .collect()
    }

    fn content(&mut self) -> Content {
        match below(&mut self.bytes, 7) {
            0 => {
                let mut reasons = self.reasons().into_iter();
                let first = reasons.next().expect("a reason");
                let (appeal, grievance) = (self.appeal(), self.grievance());
                let mut notice =
                    DenialNotice::new(first, reasons.collect(), appeal, grievance, self.reviewer());
                notice.after = self.further_help();
                notice.referral = self.optional_provider();
                notice.network = one_of(
                    &mut self.bytes,
                    &[
                        NetworkOffer::Open,
                        NetworkOffer::IfOneCan,
                        NetworkOffer::NoneNow,
                        NetworkOffer::NotEligible,
                    ],
                );
                Content::Denial(Box::new(notice))
            }
            1 => Content::Approval(Box::new(ApprovalNotice {
                approved: self.approved(),
                reviewer: self.reviewer(),
                grievance: self.grievance(),
            })),
            2 => Content::GrievanceInformation(Box::new(GrievanceNotice {
                under_review: self.flag(),
                see: self.providers(),
                grievance: self.grievance(),
            })),
            3 => Content::NetworkAccess(Box::new(NetworkAccessNotice {
                see: self.providers(),
                grievance: self.grievance(),
            })),
            4 => Content::Lapse(Box::new(LapseNotice {
                due: self.day(),
                rule: Clause::RoutineTimeframe,
                appeal: self.appeal(),
                grievance: self.grievance(),
                after: self.further_help(),
            })),
            way => Content::ProviderCopy(Box::new(ProviderCopy {
                decision: if way == 5 {
                    WrittenDecision::Approved(self.approved())
                } else {
                    WrittenDecision::Denied {
                        reasons: self.reasons(),
                        referral: self.optional_provider(),
                        appeal: self.appeal(),
                    }
                },
                reviewer: self.reviewer(),
                reviewer_phone: self.line(),
                reviewer_specialty: self.optional_line(),
            })),
        }
    }

    /// The letter.
    pub fn letter(mut self) -> Letter {
        let content = self.content();
        let services = self.how_to();
        let review = self.how_to();
        Letter {
            schema: LETTER_SCHEMA,
            notice_id: Uuid::nil(),
            determination_id: Uuid::max(),
            language: LanguageTag::english(),
            translation_needed: self.flag(),
            large_print: self.flag(),
            day: self.day(),
            issued_at: DateTime::UNIX_EPOCH,
            plan: Sender {
                name: self.line(),
                address_lines: self.lines(),
                member_services: services,
                knox_keene: self.flag(),
                independent_review: review.filter(|_| self.flag()),
            },
            to: Addressee {
                full_name: self.private(),
                address_lines: self.lines().into_iter().map(Private).collect(),
                fax: Private(self.optional_line()),
                phone: Private(self.optional_line()),
            },
            member: MemberIdentity {
                full_name: self.private(),
                member_id: self.private(),
            },
            request: RequestSummary {
                by: vec![one_of(
                    &mut self.bytes,
                    &[
                        RequestingParty::Member,
                        RequestingParty::Representative,
                        RequestingParty::HealthProfessional,
                    ],
                )],
                received: self.day(),
                of: self.optional_provider(),
                policy: "MPUP3078".to_owned(),
                edition: self.day(),
            },
            content,
            enclosures: (0..below(&mut self.bytes, 3))
                .map(|_| ListedEnclosure {
                    title: self.line(),
                    language: None,
                })
                .collect(),
            language_help: (0..below(&mut self.bytes, 3))
                .map(|_| LanguageHelp {
                    language: LanguageTag::parse("vi").expect("a language"),
                    text: self.line(),
                })
                .collect(),
        }
    }
}
