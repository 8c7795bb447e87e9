//! Parses messages: each becomes a command, or every violation is returned at once.
//!
//! Past this module an identifier cannot be malformed, and no handler checks it again.

mod case_update;
mod change;
mod decision;
mod path;
mod people;
mod provider;
mod query;
mod request;
mod scalar;
mod violations;

pub use crate::error::Malformed;
pub use case_update::{expedite, record_verification, withdraw};
pub use change::Change;
pub use decision::{issue_approval, issue_denial, record_notification};
pub use query::{Cursor, DeterminationQuery, ListQuery, NoticeQuery};
pub use query::{
    evaluate, get_determination, get_notice, get_policy, list_determinations, page_token,
    page_token_fingerprint, watch,
};
pub use request::{second_opinion, submit};
