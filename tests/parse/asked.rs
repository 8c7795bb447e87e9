//! A submission, and the parts of it that tests spoil.

use second_opinion::rules::Calendar;
use second_opinion::wire::parse;
use second_opinion::wire::v1;

use crate::messages::{REQUEST_ID, Row, check, now, second_opinion};

pub type Message = v1::SubmitSecondOpinionRequest;

pub fn good() -> Message {
    Message {
        request_id: REQUEST_ID.to_owned(),
        second_opinion: Some(Box::new(second_opinion())),
    }
}

pub fn against(table: &[Row<'_, Message>]) {
    check(
        &good(),
        |message| parse::submit(message, now(), &Calendar::default()),
        table,
    );
}

pub fn asked(message: &mut Message) -> &mut v1::SecondOpinion {
    message.second_opinion.get_or_insert_default()
}

pub fn member(message: &mut Message) -> &mut v1::Member {
    asked(message).member.get_or_insert_default()
}

pub fn context(message: &mut Message) -> &mut v1::ClinicalContext {
    asked(message).clinical_context.get_or_insert_default()
}

pub fn asked_for(message: &mut Message) -> &mut v1::Provider {
    asked(message).requested_provider.get_or_insert_default()
}

pub fn network(message: &mut Message) -> &mut v1::NetworkAvailability {
    asked(message).network_availability.get_or_insert_default()
}

pub fn urgency(message: &mut Message) -> &mut v1::UrgencyClaim {
    asked(message).urgency_claim.get_or_insert_default()
}
