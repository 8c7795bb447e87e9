//! Which parts of a request does `Debug` hide as a whole?
//!
//! Those of which the contract marks every field: the member and what ails the member. Single words are hidden by
//! their own types, such as [`super::Private`].

use std::fmt;

use super::second_opinion::{ClinicalContext, Member, PractitionerOpinion};
use super::verify::MemberRest;

macro_rules! hidden {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )+};
}

hidden!(Member, MemberRest, ClinicalContext, PractitionerOpinion);
