//! What does the policy digest's decision table say?
//!
//! A second statement of the rules, written from the digest and not from the code: rows of cells, `*` for any value
//! and `|` between values, of which the first that fits holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Facts, or what was made of them, by name.
pub type Row = BTreeMap<&'static str, &'static str>;

/// The first row of each text names the columns; what follows `=>` is the result.
const QUALIFICATION: &str = "
provider role                    within_scope relevant_expertise => qualification
NONE     *                       *            *                  => NOT_APPLICABLE
*        OTHER                   *            *                  => NOT_QUALIFIED
*        *                       NO           *                  => NOT_QUALIFIED
*        *                       *            NO                 => NOT_QUALIFIED
*        PRIMARY_CARE|SPECIALIST YES          YES                => QUALIFIED
*        *                       *            *                  => UNKNOWN";

const PATHWAY: &str = "
provider   qualification availability  => pathway
IN_NETWORK QUALIFIED     *             => NETWORK_ACCESS
IN_NETWORK NOT_QUALIFIED AVAILABLE     => NETWORK_ACCESS
IN_NETWORK NOT_QUALIFIED *             => PRIOR_AUTHORIZATION
IN_NETWORK UNKNOWN       NOT_AVAILABLE => PRIOR_AUTHORIZATION
IN_NETWORK UNKNOWN       *             => NETWORK_ACCESS
NONE       *             AVAILABLE     => NETWORK_ACCESS
*          *             *             => PRIOR_AUTHORIZATION";

const STATE: &str = "
pathway             => state
NETWORK_ACCESS      => NO_AUTHORIZATION_REQUIRED
PRIOR_AUTHORIZATION => PENDING_REVIEW";

const URGENCY: &str = "
psychological practitioner functional => urgency
NO            NO           NO         => ROUTINE
*             *            *          => URGENT";

const CLOCKS: &str = "
pathway             urgency => clocks
NETWORK_ACCESS      *       => none
PRIOR_AUTHORIZATION ROUTINE => MEMBER_NOTIFICATION
PRIOR_AUTHORIZATION URGENT  => DETERMINATION|MEMBER_NOTIFICATION";

const RECOMMENDATION: &str = "
pathway        provider   qualification availability  medi_cal                            => recommendation
NETWORK_ACCESS NONE       *             *             *                                   => REFER_IN_NETWORK
NETWORK_ACCESS *          NOT_QUALIFIED *             *                                   => REFER_IN_NETWORK
NETWORK_ACCESS *          *             *             *                                   => NONE_NEEDED
*              UNKNOWN    *             *             *                                   => GATHER_INFORMATION
*              IN_NETWORK NOT_QUALIFIED NOT_AVAILABLE *                                   => SELECT_CERTIFIED_PROVIDER
*              IN_NETWORK *             *             *                                   => GATHER_INFORMATION
*              *          *             AVAILABLE     *                                   => REFER_IN_NETWORK
*              *          *             UNKNOWN       *                                   => GATHER_INFORMATION
*              NONE       *             *             *                                   => SELECT_CERTIFIED_PROVIDER
*              *          *             *             NOT_CERTIFIED|SUSPENDED_OR_EXCLUDED => SELECT_CERTIFIED_PROVIDER
*              *          NOT_QUALIFIED *             *                                   => SELECT_CERTIFIED_PROVIDER
*              *          *             *             UNKNOWN                             => GATHER_INFORMATION
*              *          UNKNOWN       *             *                                   => GATHER_INFORMATION
*              *          *             *             *                                   => APPROVE";

/// Which clauses are among the findings: here *every* row that fits adds its clause.
const CLAUSES: &str = "
provider                          pathway             urgency recommendation   psychological practitioner functional primary_care => clause
*                                 *                   *       *                *             *            *          *            => VI.A
IN_NETWORK|OUT_OF_NETWORK|UNKNOWN *                   *       *                *             *            *          *            => VI.B
*                                 PRIOR_AUTHORIZATION *       *                *             *            *          *            => VI.C
*                                 *                   *       REFER_IN_NETWORK *             *            *          *            => VI.C
*                                 PRIOR_AUTHORIZATION URGENT  *                *             *            *          *            => VI.D.1
*                                 PRIOR_AUTHORIZATION ROUTINE *                *             *            *          *            => VI.D.2
*                                 *                   *       *                YES           *            *          *            => III.A.1
*                                 *                   *       *                *             YES          *          *            => III.A.2
*                                 *                   *       *                *             *            YES        *            => 42 CFR 438.210(d)(2)
*                                 *                   *       *                *             *            *          NOT_GRANTED  => VI.E";

/// What VI.B comes to; `none` where it has no finding.
const OUTCOME_OF_VI_B: &str = "
qualification  => outcome
NOT_APPLICABLE => none
QUALIFIED      => SATISFIED
NOT_QUALIFIED  => NOT_SATISFIED
UNKNOWN        => UNKNOWN";

const GRIEVANCE_STEP: &str = "
primary_care => step
NOT_GRANTED  => yes
*            => no";

/// A decision table as it is read from its text, and how often each row was the one that held.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<(Vec<&'static str>, &'static str)>,
    reached: Vec<u32>,
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut rows = text.trim().lines().map(|line| {
            let (cells, result) = line.split_once("=>").expect("an arrow in each row");
            let cells: Vec<_> = cells.split_whitespace().collect();
            (cells, result.trim())
        });
        let (columns, _) = rows.next().expect("a row that names the columns");
        let rows: Vec<_> = rows.collect();
        assert!(
            rows.iter().all(|(cells, _)| cells.len() == columns.len()),
            "a cell a column: {rows:?}"
        );
        let reached = vec![0; rows.len()];
        Self {
            columns,
            rows,
            reached,
        }
    }

    /// The rows that fit.
    fn fitting(&self, row: &Row) -> impl Iterator<Item = usize> {
        let fits = |cells: &[&str]| {
            let mut cells = cells.iter().zip(&self.columns);
            cells.all(|(cell, name)| *cell == "*" || cell.split('|').any(|one| one == row[name]))
        };
        (0..self.rows.len()).filter(move |index| fits(&self.rows[*index].0))
    }

    /// The results of every row that fits.
    fn every(&mut self, row: &Row) -> Vec<&'static str> {
        let fitting: Vec<usize> = self.fitting(row).collect();
        fitting.into_iter().map(|index| self.hold(index)).collect()
    }

    /// The result of the first row that fits.
    fn first(&mut self, row: &Row) -> &'static str {
        let index = self.fitting(row).next();
        self.hold(index.unwrap_or_else(|| panic!("no row fits {row:?}")))
    }

    fn hold(&mut self, index: usize) -> &'static str {
        self.reached[index] += 1;
        self.rows[index].1
    }
}

/// The tables in the order in which one builds on another: each adds a column of its name.
const DERIVED: [(&str, &str); 8] = [
    ("qualification", QUALIFICATION),
    ("pathway", PATHWAY),
    ("state", STATE),
    ("urgency", URGENCY),
    ("recommendation", RECOMMENDATION),
    ("clocks", CLOCKS),
    ("vi_b", OUTCOME_OF_VI_B),
    ("grievance_step", GRIEVANCE_STEP),
];

pub struct Tables {
    derived: Vec<(&'static str, Table)>,
    clauses: Table,
}

impl Tables {
    pub fn read() -> Self {
        Self {
            derived: DERIVED.map(|(name, text)| (name, Table::read(text))).into(),
            clauses: Table::read(CLAUSES),
        }
    }

    /// What they make of a row of facts, in the shape of the sample file's `expect`, with VI.B's outcome.
    pub fn decide(&mut self, facts: &Row) -> Value {
        let mut row = facts.clone();
        for (name, table) in &mut self.derived {
            let result = table.first(&row);
            row.insert(name, result);
        }
        let mut clauses = self.clauses.every(&row);
        clauses.sort_unstable();
        clauses.dedup();
        let clocks = row["clocks"].split('|').filter(|clock| *clock != "none");
        json!({
            "pathway": row["pathway"],
            "state": row["state"],
            "urgency": row["urgency"],
            "recommendation": row["recommendation"],
            "qualification": row["qualification"],
            "clocks": clocks.collect::<Vec<_>>(),
            "clauses": clauses,
            "grievance_step": row["grievance_step"] == "yes",
            "vi_b": row["vi_b"],
        })
    }

    /// Panics where a row was never the one that held: that would be a slip of the transcription.
    pub fn assert_every_row_was_reached(&self) {
        let derived = self.derived.iter().map(|(_, table)| table);
        for table in derived.chain([&self.clauses]) {
            for ((cells, result), reached) in table.rows.iter().zip(&table.reached) {
                assert!(*reached > 0, "never reached: {cells:?} => {result}");
            }
        }
    }
}
