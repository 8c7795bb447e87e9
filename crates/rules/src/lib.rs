//! Medi-Cal policy MPUP3078, Second Medical Opinions, as a pure library: no clock, store, network, environment or random
//! number. The caller hands in the present instant and the facts.
//!
//! - [`rules`] is the policy: clauses, dated timeframes, the calendar, and the decision table. [`rules::Policy::evaluate`]
//!   applies it to the facts of one request.
//! - [`case`] is the state machine of a case: commands, the events that they make, and the state that events fold to.
//!
//! The second-opinion server is built on this crate. Services that apply the same policy, such as treatment authorization
//! (TAR) and referral (RAF), depend on this crate alone.
//!
//! # Example
//!
//! A member requests a certified specialist outside the network, and no network professional is available. The request was
//! received on the Friday before Thanksgiving.
//!
//! ```
//! use second_opinion_rules::rules::{
//!     Answer, Availability, ClockKind, Facts, Inquiry, MediCalStatus, NetworkStatus, Pathway, Policy, Reason,
//!     Recommendation, Role,
//! };
//!
//! let received_at = "2026-11-20T10:00:00-08:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
//! let evaluation = Policy::default().evaluate(&Inquiry {
//!     facts: Facts {
//!         provider: Some(NetworkStatus::OutOfNetwork),
//!         availability: Availability::NotAvailable,
//!         medi_cal: MediCalStatus::Certified,
//!         role: Role::Specialist,
//!         within_scope: Answer::Yes,
//!         relevant_expertise: Answer::Yes,
//!     },
//!     reasons: vec![Reason::DiagnosisInDoubt],
//!     ..Inquiry::received(received_at)
//! });
//!
//! assert_eq!(evaluation.assessment.pathway, Pathway::PriorAuthorization);
//! assert_eq!(evaluation.assessment.recommendation, Recommendation::Approve);
//!
//! // The fifth business day is 1 December (VI.D.2), but 7 calendar days (42 CFR 438.210(d)(1)) end before it.
//! let [clock] = evaluation.clocks.as_slice() else { panic!("one clock") };
//! assert_eq!(clock.kind, ClockKind::MemberNotification);
//! assert_eq!(clock.due_at().to_rfc3339(), "2026-11-28T08:00:00+00:00");
//!
//! // Each finding names its clause.
//! for finding in &evaluation.assessment.findings {
//!     println!("{}: {}", finding.clause, finding.message());
//! }
//! ```

pub mod case;
pub mod rules;
