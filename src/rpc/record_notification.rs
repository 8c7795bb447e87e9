//! `RecordNotification`.

use tonic::Request;

use super::{Caller, Calls, change, content};
use crate::case::notify;
use crate::commit::Proposal;
use crate::error::CallError;
use crate::identity::Scope;
use crate::wire::parse;
use crate::wire::v1::{RecordNotificationRequest, RecordNotificationResponse};

pub(super) async fn handle(
    calls: &Calls,
    request: Request<RecordNotificationRequest>,
) -> Result<RecordNotificationResponse, CallError> {
    let caller = Caller::with_scope(&request, Scope::Notify)?;
    let message = request.get_ref();
    let content = content("RecordNotification", message);
    let determination = match parse::record_notification(message, calls.clock.now()) {
        Ok(command) => {
            change::commit_change(
                calls,
                &caller,
                content,
                command,
                |case, command, context| {
                    Ok(Proposal::without_letters(notify(case, command, context)?))
                },
            )
            .await?
        }
        Err(malformed) => {
            change::replay_or_reject(calls, &caller, content, &message.request_id, malformed)
                .await?
        }
    };
    Ok(RecordNotificationResponse {
        determination: Some(determination),
    })
}
