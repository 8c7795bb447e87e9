//! The path of a field in a message, as violations name it.

/// The path of a field. It is only a chain of references until it is printed.
#[derive(Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Field(&'static str),
    Index(usize),
}

impl At<'static> {
    /// The path of a field of the message itself.
    pub(super) const fn top(field: &'static str) -> Self {
        Self {
            parent: None,
            step: Step::Field(field),
        }
    }
}

impl<'a> At<'a> {
    pub(super) const fn field(&'a self, field: &'static str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Field(field),
        }
    }

    pub(super) const fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Field(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}
