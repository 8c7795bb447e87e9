//! Are the questions well formed, and where do page tokens and cursors point?

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::people::language;
use super::request::second_opinion;
use super::{At, Malformed, Violations};
use crate::case::{Cin, Digest, LanguageTag, SecondOpinion, State};
use crate::notice::Form;
use crate::rules::{Calendar, FIRST_ADOPTED};
use crate::store::{Place, Worklist};
use crate::wire::v1;

/// A page where none was asked for.
const PAGE_SIZE_DEFAULT: usize = 50;
/// As long as a page may be; more is taken for this.
const PAGE_SIZE_MAX: usize = 500;

/// One determination.
#[derive(Clone, Copy, Debug)]
pub struct DeterminationQuery {
    /// Which.
    pub determination_id: Uuid,
    /// Whether PHI is asked for.
    pub full: bool,
}

/// One determination.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn get_determination(
    message: &v1::GetDeterminationRequest,
) -> Result<DeterminationQuery, Malformed> {
    let mut v = Violations::default();
    let full = is_full(&mut v, message.view);
    let id = v.uuid(At::top("determination_id"), &message.determination_id);
    v.finish(id.map(|determination_id| DeterminationQuery {
        determination_id,
        full,
    }))
}

fn is_full(v: &mut Violations, view: i32) -> bool {
    match v.enumeration(At::top("view"), view) {
        v1::View::Unspecified | v1::View::Basic => false,
        v1::View::Full => true,
    }
}

/// A list of determinations.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which, and from where on.
    pub worklist: Worklist,
    /// Whether PHI is asked for.
    pub full: bool,
    /// What a page token of this query has to name.
    pub fingerprint: Digest,
}

/// A list of determinations.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn list_determinations(
    message: &v1::ListDeterminationsRequest,
) -> Result<ListQuery, Malformed> {
    let mut v = Violations::default();
    let at = At::top("states");
    let mut states: Vec<State> = Vec::new();
    for (index, number) in v.list(at, &message.states).iter().enumerate() {
        let state = match v.enumeration(at.index(index), *number) {
            v1::State::Unspecified => None,
            v1::State::NoAuthorizationRequired => Some(State::NoAuthorizationRequired),
            v1::State::PendingReview => Some(State::PendingReview),
            v1::State::Approved => Some(State::Approved),
            v1::State::Denied => Some(State::Denied),
            v1::State::Withdrawn => Some(State::Withdrawn),
        };
        match state {
            None if *number == 0 => v.add(at.index(index), "must name a state"),
            Some(state) if !states.contains(&state) => states.push(state),
            _ => {}
        }
    }
    let full = is_full(&mut v, message.view);
    let limit = match usize::try_from(message.page_size) {
        Ok(0) => PAGE_SIZE_DEFAULT,
        Ok(size) => size.min(PAGE_SIZE_MAX),
        Err(_) => {
            v.add(At::top("page_size"), "must not be negative");
            PAGE_SIZE_DEFAULT
        }
    };
    let some = |text: String| if text.is_empty() { None } else { Some(text) };
    let mut worklist = Worklist {
        states,
        due_before: v.instant(At::top("due_before"), message.due_before.as_ref()),
        member_id: v.identifier(
            At::top("member_id"),
            &message.member_id,
            Cin::parse,
            Cin::EXPECTED,
        ),
        referral_number: some(v.line(At::top("referral_number"), &message.referral_number)),
        treatment_authorization_number: some(v.line(
            At::top("treatment_authorization_number"),
            &message.treatment_authorization_number,
        )),
        after: None,
        limit,
    };
    let fingerprint = page_token_fingerprint(&worklist);
    if !message.page_token.is_empty() {
        worklist.after = place(&message.page_token, fingerprint);
        if worklist.after.is_none() {
            v.add(
                At::top("page_token"),
                "is not one that was given out for this list",
            );
        }
    }
    v.finish(Some(ListQuery {
        worklist,
        full,
        fingerprint,
    }))
}

/// What a page token is bound to: the filters of its list.
#[must_use]
pub fn page_token_fingerprint(worklist: &Worklist) -> Digest {
    let mut states: Vec<&str> = worklist.states.iter().map(|state| state.name()).collect();
    states.sort_unstable();
    let text = format!(
        "{states:?}|{:?}|{:?}|{:?}|{:?}",
        worklist.due_before.map(|due| due.timestamp_micros()),
        worklist.member_id.as_ref().map(Cin::as_str),
        worklist.referral_number,
        worklist.treatment_authorization_number,
    );
    Digest::of(text.as_bytes())
}

/// As many bytes of the check as a token carries.
const CHECK_BYTES: usize = 8;

/// A page token: the place, with a check over it and the filters of the list.
#[must_use]
pub fn page_token(place: Place, fingerprint: Digest) -> String {
    let mut bytes = Vec::with_capacity(16 + CHECK_BYTES);
    bytes.extend(place.first_due_us.to_be_bytes());
    bytes.extend(place.opened_at.to_be_bytes());
    bytes.extend(&check(&bytes, fingerprint)[..CHECK_BYTES]);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn check(place: &[u8], fingerprint: Digest) -> [u8; 32] {
    Digest::of(&[b"page".as_slice(), place, &fingerprint.0].concat()).0
}

fn place(token: &str, fingerprint: Digest) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (place, given) = bytes.split_at_checked(16)?;
    if given != &check(place, fingerprint)[..CHECK_BYTES] {
        return None;
    }
    let (first_due, opened_at) = place.split_at_checked(8)?;
    Some(Place {
        first_due_us: i64::from_be_bytes(first_due.try_into().ok()?),
        opened_at: u64::from_be_bytes(opened_at.try_into().ok()?),
    })
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// From now on.
    Now,
    /// After a position; 0 is the beginning.
    After(u64),
    /// A text that was never given out.
    Unknown,
}

/// Where a watch begins.
#[must_use]
pub fn watch(message: &v1::WatchDeterminationsRequest) -> Cursor {
    let cursor = message.cursor.trim();
    let canonical =
        cursor == "0" || !cursor.starts_with('0') && cursor.bytes().all(|c| c.is_ascii_digit());
    match cursor {
        "" => Cursor::Now,
        text if canonical => text.parse().map_or(Cursor::Unknown, Cursor::After),
        _ => Cursor::Unknown,
    }
}

/// One letter.
#[derive(Clone, Debug)]
pub struct NoticeQuery {
    /// Which.
    pub notice_id: Uuid,
    /// In which form.
    pub form: Form,
    /// In which language; `None`: its own.
    pub language: Option<LanguageTag>,
    /// In large print.
    pub large_print: bool,
}

/// One letter.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn get_notice(message: &v1::GetNoticeRequest) -> Result<NoticeQuery, Malformed> {
    let mut v = Violations::default();
    let form = match v.enumeration(At::top("format"), message.format) {
        v1::NoticeFormat::Text => Form::Text,
        v1::NoticeFormat::Html => Form::Html,
        v1::NoticeFormat::Unspecified | v1::NoticeFormat::Pdf => Form::Pdf,
    };
    let language = language(&mut v, At::top("language"), &message.language);
    let id = v.uuid(At::top("notice_id"), &message.notice_id);
    v.finish(id.map(|notice_id| NoticeQuery {
        notice_id,
        form,
        language,
        large_print: message.large_print,
    }))
}

/// A policy version; `None`: the one in force.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn get_policy(message: &v1::GetPolicyRequest) -> Result<Option<NaiveDate>, Malformed> {
    let mut v = Violations::default();
    let version = v.date(At::top("version"), &message.version);
    v.finish(Some(version))
}

/// A request to evaluate, and the instant that stands in for now.
///
/// # Errors
/// Everything that is wrong with the message.
pub fn evaluate(
    message: v1::EvaluateSecondOpinionRequest,
    now: DateTime<Utc>,
    calendar: &Calendar,
) -> Result<(SecondOpinion, DateTime<Utc>), Malformed> {
    let mut v = Violations::default();
    let as_of = v.instant(At::top("as_of"), message.as_of.as_ref());
    // A request that does not say when it was received was received then.
    if as_of.is_some_and(|as_of| calendar.day_of(as_of) < FIRST_ADOPTED) {
        v.add(
            At::top("as_of"),
            format!("must not be before {FIRST_ADOPTED}, when the policy was adopted"),
        );
    }
    let as_of = as_of.unwrap_or(now);
    let request = second_opinion(message.second_opinion, as_of, calendar);
    match (v.finish(Some(())), request) {
        (Ok(()), Ok(request)) => Ok((request, as_of)),
        (Err(mut one), Err(other)) => {
            one.violations.extend(other.violations);
            Err(one)
        }
        (Err(one), Ok(_)) | (Ok(()), Err(one)) => Err(one),
    }
}
