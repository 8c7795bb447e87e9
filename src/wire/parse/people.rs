//! Parses members and requesting parties.

use super::path::At;
use super::violations::Violations;
use crate::case::{
    AlternativeFormat, AuthorityBasis, Cin, HealthProfessional, LanguageTag, Member, MemberDetails,
    Npi, Private, Representative, Requester,
};
use crate::wire::v1;

pub(super) fn member(
    v: &mut Violations,
    at: At<'_>,
    message: Option<v1::Member>,
) -> Option<Member> {
    let Some(message) = message else {
        v.add(at, "is required");
        return None;
    };
    let member_id = v.required_identifier(
        at.field("member_id"),
        &message.member_id,
        Cin::parse,
        Cin::EXPECTED,
    );
    let rest = member_details(v, at, &message);
    Some(Member {
        member_id: member_id?,
        full_name: rest.full_name,
        address_lines: rest.address_lines,
        preferred_language: rest.preferred_language,
        alternative_format: rest.alternative_format,
        spoken_language: rest.spoken_language,
        confidential_address_lines: rest.confidential_address_lines,
    })
}

pub(super) fn member_details(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::Member,
) -> MemberDetails {
    MemberDetails {
        full_name: v.private_line(at.field("full_name"), &message.full_name),
        address_lines: v.private_lines(at.field("address_lines"), &message.address_lines),
        preferred_language: language(
            v,
            at.field("preferred_language"),
            &message.preferred_language,
        )
        .unwrap_or_else(LanguageTag::english),
        alternative_format: match v
            .enumeration(at.field("alternative_format"), message.alternative_format)
        {
            v1::AlternativeFormat::Unspecified => AlternativeFormat::OrdinaryPrint,
            v1::AlternativeFormat::LargePrint => AlternativeFormat::LargePrint,
            v1::AlternativeFormat::Audio => AlternativeFormat::Audio,
            v1::AlternativeFormat::Braille => AlternativeFormat::Braille,
            v1::AlternativeFormat::DataCd => AlternativeFormat::DataCd,
        },
        spoken_language: language(v, at.field("spoken_language"), &message.spoken_language),
        confidential_address_lines: v.private_lines(
            at.field("confidential_address_lines"),
            &message.confidential_address_lines,
        ),
    }
}

pub(super) fn language(v: &mut Violations, at: At<'_>, text: &str) -> Option<LanguageTag> {
    v.identifier(at, text, LanguageTag::parse, LanguageTag::EXPECTED)
}

pub(super) fn npi(v: &mut Violations, at: At<'_>, text: &str) -> Option<Npi> {
    v.identifier(at, text, Npi::parse, Npi::EXPECTED)
}

pub(super) fn requesters(
    v: &mut Violations,
    at: At<'_>,
    messages: &[v1::Requester],
) -> Vec<Requester> {
    if messages.is_empty() {
        v.add(at, "at least one is required");
    }
    let messages = v.list(at, messages);
    messages
        .iter()
        .enumerate()
        .filter_map(|(index, message)| requester(v, at.index(index), message))
        .collect()
}

pub(super) fn requester(
    v: &mut Violations,
    at: At<'_>,
    message: &v1::Requester,
) -> Option<Requester> {
    use v1::requester::Kind;
    match &message.kind {
        None => {
            v.add(at, "must set the kind of requester: member, authorized_representative or health_professional");
            None
        }
        Some(Kind::Member(_)) => Some(Requester::Member),
        Some(Kind::AuthorizedRepresentative(message)) => {
            let at = at.field("authorized_representative");
            Some(Requester::AuthorizedRepresentative(Representative {
                full_name: v.private_line(at.field("full_name"), &message.full_name),
                relationship: v.private_line(at.field("relationship"), &message.relationship),
                basis: match v.enumeration(at.field("basis"), message.basis) {
                    v1::AuthorityBasis::Unspecified => AuthorityBasis::Unknown,
                    v1::AuthorityBasis::WrittenDesignation => AuthorityBasis::WrittenDesignation,
                    v1::AuthorityBasis::ParentOfMinor => AuthorityBasis::ParentOfMinor,
                    v1::AuthorityBasis::Guardian => AuthorityBasis::Guardian,
                    v1::AuthorityBasis::Conservator => AuthorityBasis::Conservator,
                    v1::AuthorityBasis::HealthCareAgent => AuthorityBasis::HealthCareAgent,
                },
                authorization_on_file: message.authorization_on_file,
                phone: Private(v.phone(at.field("phone"), &message.phone)),
            }))
        }
        Some(Kind::HealthProfessional(message)) => {
            let at = at.field("health_professional");
            Some(Requester::HealthProfessional(HealthProfessional {
                npi: npi(v, at.field("npi"), &message.npi),
                full_name: v.private_line(at.field("full_name"), &message.full_name),
                phone: Private(v.phone(at.field("phone"), &message.phone)),
                fax: Private(v.phone(at.field("fax"), &message.fax)),
            }))
        }
    }
}
