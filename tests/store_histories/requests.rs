//! Requests of every call that changes a case.

use std::sync::Arc;

use prost::Message as _;
use second_opinion::identity::Identity;
use second_opinion::rpc::Calls;
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_server::SecondOpinionService as _;
use tonic::Status;

/// A response: the determination, and the encoded bytes.
pub struct Reply {
    pub determination: v1::Determination,
    pub bytes: Vec<u8>,
}

macro_rules! requests {
    ($($name:ident, $message:ident, $method:ident;)+) => {
        /// A request of any call that changes a case.
        #[derive(Clone, Debug)]
        pub enum Request {
            $($name(Box<v1::$message>),)+
        }

        impl Request {
            pub fn request_id(&mut self) -> &mut String {
                match self {
                    $(Self::$name(message) => &mut message.request_id,)+
                }
            }

            /// Sends the request as an authenticated caller.
            pub async fn send(&self, calls: &Calls, caller: Arc<Identity>) -> Result<Reply, Status> {
                match self {
                    $(Self::$name(message) => {
                        let mut request = tonic::Request::new(v1::$message::clone(message));
                        request.extensions_mut().insert(caller);
                        let response = calls.$method(request).await?.into_inner();
                        let bytes = response.encode_to_vec();
                        let determination = *response.determination.expect("a determination");
                        Ok(Reply { determination, bytes })
                    })+
                }
            }
        }
    };
}

requests! {
    Submit, SubmitSecondOpinionRequest, submit_second_opinion;
    Verify, RecordVerificationRequest, record_verification;
    Expedite, ExpediteSecondOpinionRequest, expedite_second_opinion;
    Withdraw, WithdrawSecondOpinionRequest, withdraw_second_opinion;
    Approve, IssueApprovalRequest, issue_approval;
    Deny, IssueDenialRequest, issue_denial;
    Notify, RecordNotificationRequest, record_notification;
}

impl Request {
    /// The case and the etag of a change; `None` for a submission.
    fn target(&mut self) -> Option<(&mut String, &mut String)> {
        Some(match self {
            Self::Submit(_) => return None,
            Self::Verify(it) => (&mut it.determination_id, &mut it.etag),
            Self::Expedite(it) => (&mut it.determination_id, &mut it.etag),
            Self::Withdraw(it) => (&mut it.determination_id, &mut it.etag),
            Self::Approve(it) => (&mut it.determination_id, &mut it.etag),
            Self::Deny(it) => (&mut it.determination_id, &mut it.etag),
            Self::Notify(it) => (&mut it.determination_id, &mut it.etag),
        })
    }

    pub fn set_target(&mut self, determination_id: &str, new_etag: &str) {
        let (id, etag) = self.target().expect("a change");
        determination_id.clone_into(id);
        new_etag.clone_into(etag);
    }

    /// A valid request with the same request id and other content.
    pub fn with_other_content(&self) -> Self {
        let mut other = self.clone();
        if let Self::Submit(message) = &mut other {
            let request = message.second_opinion.get_or_insert_default();
            request.referral_number.push('0');
        } else if let Some((_, etag)) = other.target() {
            etag.push('0');
        }
        other
    }
}
