//! Renders cases for callers, in the BASIC and the FULL view.
//!
//! BASIC has no PHI: no request, no history, and of a decision only the parts that the contract names.

mod decision;
mod determination;
mod enums;
mod history;
mod policy;
mod request;
mod values;

pub use determination::{
    RenderContext, basic, clocks, determination_event, evaluated, full, notice_reference,
};
pub use enums::urgency;
pub use policy::policy;
pub use values::timestamp;
