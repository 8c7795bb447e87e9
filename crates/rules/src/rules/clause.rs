//! The table of clauses: the policy's own, and the law that binds beside them.
//!
//! A rule never cites by text: it returns a [`Clause`], and the same symbol goes to the reply, the letter, the event and
//! the log.

use serde::{Deserialize, Serialize};

/// The number of the policy.
pub const POLICY_NUMBER: &str = "MPUP3078";
/// The title of the policy.
pub const POLICY_TITLE: &str = "Second Medical Opinions";

/// A clause of MPUP3078, or an authority outside of it that a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the row of each variant in `CLAUSES` describes it"
)]
pub enum Clause {
    #[serde(rename = "III.A.1")]
    UrgentPsychologicalState,
    #[serde(rename = "III.A.2")]
    UrgentPractitionerOpinion,
    #[serde(rename = "VI.A")]
    Access,
    #[serde(rename = "VI.A.1")]
    ReasonReasonableness,
    #[serde(rename = "VI.A.2")]
    ReasonSeriousCondition,
    #[serde(rename = "VI.A.3")]
    ReasonDiagnosisInDoubt,
    #[serde(rename = "VI.A.4")]
    ReasonNotImproving,
    #[serde(rename = "VI.A.5")]
    ReasonSeriousDoubts,
    #[serde(rename = "VI.A (open list)")]
    ReasonOpenList,
    #[serde(rename = "VI.B")]
    Qualification,
    #[serde(rename = "VI.C")]
    Network,
    #[serde(rename = "VI.D.1")]
    UrgentTimeframe,
    #[serde(rename = "VI.D.2")]
    RoutineTimeframe,
    #[serde(rename = "VI.E")]
    PrimaryCareNotGranted,
    #[serde(rename = "VI.F")]
    DenialInWriting,
    #[serde(rename = "X")]
    Editions,
    #[serde(rename = "42 CFR 438.210(d)(1)")]
    FederalStandardTimeframe,
    #[serde(rename = "42 CFR 438.210(d)(2)")]
    FederalExpeditedTimeframe,
    #[serde(rename = "HSC 1367.01(h)(3)")]
    StateNoticeOfDecision,
    #[serde(rename = "42 CFR 438.404(c)(5)")]
    FederalUntimelyDecision,
}

/// The party that applies a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedOutBy {
    /// A function of this crate returns it.
    Rule,
    /// People apply it, for the reason given; the service records the outcome.
    Human(&'static str),
}

/// One row of the clause table.
#[derive(Clone, Copy, Debug)]
pub struct ClauseEntry {
    /// The clause.
    pub clause: Clause,
    /// Its id as cited: `VI.D.1`, `42 CFR 438.210(d)(2)`.
    pub id: &'static str,
    /// A short title.
    pub title: &'static str,
    /// Its content in plain words.
    pub summary: &'static str,
    /// The party that applies it.
    pub carried_out_by: CarriedOutBy,
}

macro_rules! clauses {
    ($($clause:ident, $id:literal, $title:literal, $by:expr, $summary:literal;)+) => {
        /// Every clause, in the order of the policy, the law after it.
        pub const CLAUSES: &[ClauseEntry] = &[
            $(ClauseEntry { clause: Clause::$clause, id: $id, title: $title, summary: $summary, carried_out_by: $by },)+
        ];

        impl Clause {
            /// The row of the clause table.
            #[must_use]
            pub const fn entry(self) -> &'static ClauseEntry {
                match self {
                    $(Self::$clause => &ClauseEntry {
                        clause: Clause::$clause, id: $id, title: $title, summary: $summary, carried_out_by: $by,
                    },)+
                }
            }
        }
    };
}

use CarriedOutBy::{Human, Rule};

clauses! {
    UrgentPsychologicalState, "III.A.1", "Urgent: psychological state", Rule,
        "A request is urgent when waiting the standard time could seriously endanger the life, health or safety of the member or of other people because of the member's psychological state.";
    UrgentPractitionerOpinion, "III.A.2", "Urgent: a practitioner's opinion", Rule,
        "A request is urgent when a licensed practitioner who knows the member's condition holds that the member's health would suffer without the care requested.";
    Access, "VI.A", "Who may request an opinion, and when authorization is needed", Rule,
        "A member, an authorized representative or a health professional may request one. A network provider's opinion needs no permission; where no network provider is available, prior authorization is needed and the plan pays an approved provider that Medi-Cal has certified.";
    ReasonReasonableness, "VI.A.1", "Reason: is the recommended treatment reasonable or necessary", Rule,
        "The member asks whether a surgery or treatment that was recommended is reasonable or necessary.";
    ReasonSeriousCondition, "VI.A.2", "Reason: a serious condition", Rule,
        "The member questions the diagnosis or the treatment of a condition that threatens life, limb, bodily function or impairment, a serious chronic condition included.";
    ReasonDiagnosisInDoubt, "VI.A.3", "Reason: the diagnosis is in doubt", Rule,
        "Test results disagree, or the treating practitioner cannot reach an accurate diagnosis.";
    ReasonNotImproving, "VI.A.4", "Reason: treatment is not helping", Rule,
        "The present treatment has not improved the condition in the time that fits the diagnosis.";
    ReasonSeriousDoubts, "VI.A.5", "Reason: serious doubts remain", Rule,
        "The member tried the treatment, or spoke with the professional who began it, and still has serious doubts.";
    ReasonOpenList, "VI.A (open list)", "Reason: another one",
        Human("whether a reason outside the five supports the request is a judgment about one person, so a licensed reviewer makes it; the service accepts the reason, and no request is stopped by it"),
        "The five reasons are examples. Any other reason may be given.";
    Qualification, "VI.B", "Who is qualified to give the opinion", Rule,
        "A primary care provider or a specialist, acting within scope of practice, whose training and expertise relate to the condition.";
    Network, "VI.C", "Network choice, and the duty to refer", Rule,
        "While a qualified network professional is available the plan may limit the choice to the network. When none is, the member is referred to a provider outside of it that Medi-Cal has certified. Treatment that is then recommended out of network needs its own authorization.";
    UrgentTimeframe, "VI.D.1", "Out of network and urgent", Rule,
        "The determination is made within 72 hours of receipt.";
    RoutineTimeframe, "VI.D.2", "Out of network and not urgent", Rule,
        "The member is notified within 5 business days whether the requested provider was approved.";
    PrimaryCareNotGranted, "VI.E", "Primary care did not grant the request", Rule,
        "The member may turn to the plan's Grievance Coordinator and file a grievance.";
    DenialInWriting, "VI.F", "A denial is given in writing", Rule,
        "The member is notified in writing of the reasons, of the right to appeal or to file a grievance, and of how to do each.";
    Editions, "X", "Editions, and the duties that go with the criteria",
        Human("practicing providers make the criteria and review them each year, and people disclose them on request; the service applies the edition that it holds, notes where that edition is later than the day of receipt, and states when the review is overdue"),
        "The criteria are made with practicing providers, clinically sound, reviewed each year and disclosed on request. They are guidelines: care may vary with the person.";
    FederalStandardTimeframe, "42 CFR 438.210(d)(1)", "Federal limit, standard", Rule,
        "A standard authorization decision is notified within 7 calendar days of the request, from 2026 on.";
    FederalExpeditedTimeframe, "42 CFR 438.210(d)(2)", "Federal limit, expedited", Rule,
        "Where the standard time could seriously endanger life, physical or mental health, or the ability to attain, maintain or regain maximum function, the decision is notified within 72 hours of the request.";
    StateNoticeOfDecision, "HSC 1367.01(h)(3)", "Notice after a decision", Rule,
        "The requesting professional is notified within 24 hours of a decision; the member is notified of a denial in writing within 2 business days of it.";
    FederalUntimelyDecision, "42 CFR 438.404(c)(5)", "An untimely decision", Rule,
        "A decision that was not made in time is itself an adverse action on the day on which the time ran out, and can be appealed.";
}

impl Clause {
    /// The id as cited: `VI.D.1`, `42 CFR 438.210(d)(2)`.
    ///
    /// ```
    /// use second_opinion_rules::rules::Clause;
    /// assert_eq!(Clause::UrgentTimeframe.id(), "VI.D.1");
    /// ```
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.entry().id
    }

    /// Whether the clause is part of MPUP3078, and not of the law beside it.
    #[must_use]
    pub fn is_policy(self) -> bool {
        !matches!(
            self,
            Self::FederalStandardTimeframe
                | Self::FederalExpeditedTimeframe
                | Self::StateNoticeOfDecision
                | Self::FederalUntimelyDecision
        )
    }

    /// The citation with its source: `MPUP3078 VI.D.1`; the law's citation alone.
    #[must_use]
    pub fn source(self) -> String {
        if self.is_policy() {
            format!("{POLICY_NUMBER} {}", self.id())
        } else {
            self.id().to_owned()
        }
    }
}

impl std::fmt::Display for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

/// A policy of the plan that applies where this one ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelatedPolicy {
    /// Referral to specialists (RAF).
    Mcup3124,
    /// Treatment authorization requests (TAR).
    Mcup3041,
    /// Appeals of utilization-management decisions.
    Mcup3037,
    /// The member grievance system.
    Cga024,
}

impl RelatedPolicy {
    /// The number: `MCUP3124`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Mcup3124 => "MCUP3124",
            Self::Mcup3041 => "MCUP3041",
            Self::Mcup3037 => "MCUP3037",
            Self::Cga024 => "CGA024",
        }
    }
}

/// The documents that the policy refers to, as `GetPolicy` lists them.
pub const REFERENCES: &[&str] = &[
    "MCUP3124 Referral to Specialists (RAF)",
    "MCUP3041 Treatment Authorization Request (TAR) Review Process",
    "MCUP3037 Appeals of Utilization Management/Pharmacy Decisions",
    "CGA024 Medi-Cal Member Grievance System",
    "DHCS Contract Exhibit A, Attachment III, Section 2.3.C",
    "NCQA UM 5 Timeliness of UM Decisions, Element E",
    "California Health and Safety Code 1363.5",
    "California Health and Safety Code 1367.01",
    "42 CFR 438.206(b)(3)",
    "42 CFR 438.210",
    "42 CFR 438.404",
    "42 CFR 438.910",
];

/// The statement that goes with the criteria when they are disclosed (HSC 1363.5).
pub const DISCLOSURE: &str = "These criteria are guidelines by which the plan authorizes, modifies or denies \
services for people with similar illnesses or conditions. The care and treatment of one person may differ with that \
person's needs and with the benefits that the plan covers. A member or a provider may have a copy of the criteria used \
in a decision, free, on request.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_unique_and_serializes_as_itself() {
        for (index, row) in CLAUSES.iter().enumerate() {
            assert_eq!(row.clause.id(), row.id);
            assert_eq!(
                serde_json::to_string(&row.clause).unwrap(),
                format!("{:?}", row.id)
            );
            assert!(CLAUSES[..index].iter().all(|other| other.id != row.id));
        }
    }
}
