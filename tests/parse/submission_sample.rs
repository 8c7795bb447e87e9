//! A valid submission, and access to the parts of it that tests change.

use second_opinion::rules::Calendar;
use second_opinion::wire::parse;
use second_opinion::wire::v1;

use crate::samples::{REQUEST_ID, Row, check, now, second_opinion};

pub type Message = v1::SubmitSecondOpinionRequest;

pub fn good() -> Message {
    Message {
        request_id: REQUEST_ID.to_owned(),
        second_opinion: Some(Box::new(second_opinion())),
    }
}

pub fn check_submission(table: &[Row<'_, Message>]) {
    check(
        &good(),
        |message| parse::submit(message, now(), &Calendar::default()),
        table,
    );
}

pub fn request(message: &mut Message) -> &mut v1::SecondOpinion {
    message.second_opinion.get_or_insert_default()
}

pub fn member(message: &mut Message) -> &mut v1::Member {
    request(message).member.get_or_insert_default()
}

pub fn context(message: &mut Message) -> &mut v1::ClinicalContext {
    request(message).clinical_context.get_or_insert_default()
}

pub fn requested_provider(message: &mut Message) -> &mut v1::Provider {
    request(message).requested_provider.get_or_insert_default()
}

pub fn network(message: &mut Message) -> &mut v1::NetworkAvailability {
    request(message)
        .network_availability
        .get_or_insert_default()
}

pub fn urgency(message: &mut Message) -> &mut v1::UrgencyClaim {
    request(message).urgency_claim.get_or_insert_default()
}
