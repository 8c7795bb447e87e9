//! A letter as blocks of words, from which text, HTML and PDF are written.

use serde::Serialize;

/// A letter as blocks of words, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// The language, a primary tag.
    pub language: String,
    /// The title, without markup.
    pub title: String,
    /// The plan's name and address, one line each.
    pub sender: Vec<String>,
    /// The addressee: name and address, one line each.
    pub to: Vec<String>,
    /// The blocks, in order.
    pub blocks: Vec<Block>,
    /// The page footer; `{page}` and `{pages}` are replaced by the page number and the number of pages.
    pub page: String,
}

/// A block of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// A heading.
    Heading {
        /// 1: the title; 2: a section; 3: a part of a section.
        level: u8,
        /// The section that the heading begins.
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
    /// A quotation.
    Quote {
        /// The words.
        runs: Vec<Run>,
    },
    /// An address.
    Address {
        /// The words of each line.
        lines: Vec<Vec<Run>>,
    },
    /// A list of names with their values.
    Facts {
        /// The rows.
        rows: Vec<Fact>,
    },
    /// A paragraph in a language other than the letter's.
    Foreign {
        /// The language.
        language: String,
        /// The words.
        runs: Vec<Run>,
    },
}

/// A name with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The name.
    pub name: Vec<Run>,
    /// The value.
    pub value: Vec<Run>,
}

/// Words in one style. A line feed is a line break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The words.
    pub text: String,
    /// Whether the words come from the case or the plan (a name, a number, a quotation) and not from the template.
    pub value: bool,
    /// Whether the words are set in bold.
    pub strong: bool,
}

/// The subject of a section. Templates name it beside the heading: `## appeal | Your right to appeal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// The request and the decision, or the event.
    Decision,
    /// The reasons.
    Reasons,
    /// How to get the criteria and the record.
    Criteria,
    /// The reviewer.
    Reviewer,
    /// The providers that the member can see.
    Instead,
    /// The approved service.
    Approved,
    /// Treatment needs an authorization of its own.
    Treatment,
    /// The right to appeal.
    Appeal,
    /// The right to file a grievance.
    Grievance,
    /// The right to a State Hearing.
    Hearing,
    /// Independent medical review, of plans with a Knox-Keene license.
    IndependentReview,
    /// The offices that help.
    Help,
    /// Help in other languages and formats.
    Language,
    /// The enclosures.
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
    /// The words of a section, without its heading; `None`: there is no such section.
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
    /// The words without markup, one line for each part.
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

/// The words of runs, joined.
#[must_use]
pub fn plain(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}
