//! What is wrong with a query, where, and what to write instead.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use dray_model::excerpt::marked;
use dray_model::inventory::{Class, Kind};
use dray_query::address::InvalidAddress;

/// A query that was refused. Displays as one sentence; [`QueryError::explain`] shows the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    /// The bytes of the text that the problem is about; always on characters' boundaries, empty at a missing piece.
    pub span: Range<usize>,
    /// What is wrong.
    pub problem: Problem,
    /// What to write instead, where there is something to say.
    pub hint: Option<String>,
}

/// The reasons for refusing a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not an expression of CEL.
    #[error("{0}")]
    Syntax(String),
    /// CEL that isn't part of the collection language.
    #[error("a query cannot use {0}")]
    Unsupported(String),
    /// A name that means nothing here.
    #[error("unknown name {0:?}")]
    UnknownName(String),
    /// A property that the class hasn't.
    #[error("{class} has no property {name:?}")]
    UnknownProperty {
        /// Where it was looked up.
        class: Class,
        /// What was looked up.
        name: String,
    },
    /// A row variable whose name is in use already.
    #[error("{0:?} already has a meaning")]
    NameTaken(String),
    /// A value stands where something true or false is needed.
    #[error("{0} is not a condition")]
    NotACondition(String),
    /// Something without a value to compare.
    #[error("{0} is not a value to compare")]
    NotAValue(String),
    /// The sides of a comparison are of different kinds.
    #[error("cannot compare {left} with {right}")]
    Mismatch {
        /// Kind of the left side.
        left: Kind,
        /// Kind of the right side.
        right: Kind,
    },
    /// An ordering of what has no order.
    #[error("cannot order {0}")]
    NoOrder(Kind),
    /// A comparison that no device has a part in.
    #[error("this compares two constants")]
    ConstantComparison,
    /// A function's arguments don't fit.
    #[error("{function} takes {expected}")]
    Arguments {
        /// The function.
        function: String,
        /// What it takes.
        expected: Cow<'static, str>,
    },
    /// A text that is not an address or network.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// A constant that no fact can equal.
    #[error("{0}")]
    Constant(&'static str),
    /// The system is out of threads or memory; the query may be fine.
    #[error("cannot start a thread to parse the query")]
    NoThread,
    /// It costs more than a query may.
    #[error(transparent)]
    Query(#[from] dray_query::Problem),
}

impl QueryError {
    pub(crate) fn new(span: Range<usize>, problem: impl Into<Problem>) -> Self {
        Self { span, problem: problem.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Several lines for people: the problem, the line of `text` it stands in with the place marked, and the hint. `text` is
    /// what was parsed.
    #[must_use]
    pub fn explain(&self, text: &str) -> String {
        let mut lines = format!("{}\n{}", self.problem, marked(text, &self.span));
        if let Some(hint) = &self.hint {
            let _ = write!(lines, "\nhint: {hint}");
        }
        lines
    }
}

/// The name among `known` that `name` was probably meant to be.
pub(crate) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance_max = name.chars().count().div_ceil(3).min(3);
    known
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= distance_max)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, without regard to ASCII case.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked_in_its_line() {
        let text = "a &&\n\té == 1";
        let error = QueryError::new(6..8, Problem::UnknownName("é".into())).hint("write b");
        assert_eq!(error.explain(text), "unknown name \"é\"\n  \té == 1\n  \t^\nhint: write b");
    }

    #[test]
    fn a_misspelt_name_is_recognised_and_a_strange_one_is_not() {
        let known = ["platform", "os_name", "host_name"];
        assert_eq!(closest("plattform", known.into_iter()), Some("platform"));
        assert_eq!(closest("OS_NAME", known.into_iter()), Some("os_name"));
        assert_eq!(closest("registry", known.into_iter()), None);
    }
}
