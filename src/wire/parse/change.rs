//! The common part of the calls that change a case: request id, determination id and etag.

use super::path::At;
use super::violations::Violations;

/// A command with the common part of its message.
#[derive(Clone, Debug)]
pub struct Change<T> {
    /// The caller's id for the request.
    pub request_id: uuid::Uuid,
    /// The id of the case; nil for a submission.
    pub determination_id: uuid::Uuid,
    /// The etag that the caller saw; empty: any version.
    pub etag: String,
    /// The command.
    pub command: T,
}

/// The ids in a message that changes a case.
#[derive(Clone, Copy)]
pub(super) struct ChangeIds {
    request_id: uuid::Uuid,
    determination_id: uuid::Uuid,
}

impl ChangeIds {
    pub(super) fn with<T>(self, etag: &str, command: T) -> Change<T> {
        Change {
            request_id: self.request_id,
            determination_id: self.determination_id,
            etag: etag.to_owned(),
            command,
        }
    }
}

pub(super) fn change_ids(
    v: &mut Violations,
    request_id: &str,
    determination_id: &str,
) -> Option<ChangeIds> {
    let request_id = v.uuid(At::top("request_id"), request_id);
    let determination_id = v.uuid(At::top("determination_id"), determination_id);
    Some(ChangeIds {
        request_id: request_id?,
        determination_id: determination_id?,
    })
}
