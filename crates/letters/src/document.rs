//! What is in a letter, before it takes a form? Blocks of words, the same for text, HTML and PDF.

use serde::Serialize;

/// A letter in words, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// The language, a primary tag.
    pub language: String,
    /// The title in plain words.
    pub title: String,
    /// The plan's name and address, a line each.
    pub sender: Vec<String>,
    /// Whom it goes to: name and address, a line each.
    pub to: Vec<String>,
    /// Everything else, in order.
    pub blocks: Vec<Block>,
    /// What stands at the foot of a page, with `{page}` and `{pages}` to be filled in.
    pub page: String,
}

/// A block of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// A heading.
    Heading {
        /// 1: the title; 2: a section; 3: a part of one.
        level: u8,
        /// The section that it begins.
        section: Option<Section>,
        /// The words.
        runs: Vec<Run>,
    },
    /// A paragraph.
    Paragraph {
        /// The words.
        runs: Vec<Run>,
    },
    /// A list.
    List {
        /// The words of each item.
        items: Vec<Vec<Run>>,
    },
    /// Someone's own words.
    Quote {
        /// The words.
        runs: Vec<Run>,
    },
    /// A name and how to reach it.
    Address {
        /// The words of each line.
        lines: Vec<Vec<Run>>,
    },
    /// Names of things, and what each is.
    Facts {
        /// The rows.
        rows: Vec<Fact>,
    },
    /// A paragraph in a language of its own.
    Foreign {
        /// The language.
        language: String,
        /// The words.
        runs: Vec<Run>,
    },
}

/// The name of a thing, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The name.
    pub name: Vec<Run>,
    /// What it is.
    pub value: Vec<Run>,
}

/// Words of one sort. A line feed in them is a line break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The words.
    pub text: String,
    /// Whether they come from the case or the plan, not from the template: a name, a number, someone's words.
    pub value: bool,
    /// Whether they are set off.
    pub strong: bool,
}

/// What a part of a letter is about. Templates name it beside the heading: `## appeal | Your right to appeal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What was asked and what was decided, or what happened.
    Decision,
    /// Why.
    Reasons,
    /// That the criteria and the record can be had.
    Criteria,
    /// Who decided.
    Reviewer,
    /// Whom the member can see.
    Instead,
    /// What is approved.
    Approved,
    /// That treatment is another matter.
    Treatment,
    /// The right to appeal.
    Appeal,
    /// The right to file a grievance.
    Grievance,
    /// The right to a State Hearing.
    Hearing,
    /// Independent medical review, of plans with a Knox-Keene licence.
    IndependentReview,
    /// Who helps.
    Help,
    /// Other languages and forms.
    Language,
    /// What is enclosed.
    Enclosures,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 14] = [
        Self::Decision,
        Self::Reasons,
        Self::Criteria,
        Self::Reviewer,
        Self::Instead,
        Self::Approved,
        Self::Treatment,
        Self::Appeal,
        Self::Grievance,
        Self::Hearing,
        Self::IndependentReview,
        Self::Help,
        Self::Language,
        Self::Enclosures,
    ];

    /// Its name in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Reasons => "reasons",
            Self::Criteria => "criteria",
            Self::Reviewer => "reviewer",
            Self::Instead => "instead",
            Self::Approved => "approved",
            Self::Treatment => "treatment",
            Self::Appeal => "appeal",
            Self::Grievance => "grievance",
            Self::Hearing => "hearing",
            Self::IndependentReview => "independent_review",
            Self::Help => "help",
            Self::Language => "language",
            Self::Enclosures => "enclosures",
        }
    }
}

impl Document {
    /// The words of a section, its heading aside; `None`: there is no such section.
    #[must_use]
    pub fn section(&self, wanted: Section) -> Option<String> {
        let mut inside = false;
        let mut found = None;
        for block in &self.blocks {
            if let Block::Heading {
                level: 1 | 2,
                section,
                ..
            } = block
            {
                inside = *section == Some(wanted);
                if inside {
                    found.get_or_insert_with(String::new);
                }
            } else if inside {
                found.get_or_insert_default().push_str(&block.plain());
            }
        }
        found
    }
}

impl Block {
    /// The words alone, a line for each part.
    #[must_use]
    pub fn plain(&self) -> String {
        let line = |runs: &[Run]| plain(runs) + "\n";
        match self {
            Self::Heading { runs, .. }
            | Self::Paragraph { runs }
            | Self::Quote { runs }
            | Self::Foreign { runs, .. } => line(runs),
            Self::List { items: lines } | Self::Address { lines } => {
                lines.iter().map(|runs| line(runs)).collect()
            }
            Self::Facts { rows } => rows
                .iter()
                .map(|row| plain(&row.name) + ": " + &line(&row.value))
                .collect(),
        }
    }
}

/// The words of runs, one after the other.
#[must_use]
pub fn plain(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}
