//! From text to CEL's syntax tree, by the `cel` crate behind the guard of `scan.rs`.
//!
//! Macros stay calls, so that `exists` arrives as it was written.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use cel::parser::{ParseError, ParseErrors};

use crate::error::{Problem, QueryError};
use crate::limits::Limits;
use crate::scan::scan;

/// A syntax tree and the places of its nodes.
pub(crate) struct Tree {
    pub(crate) root: IdedExpr,
    pub(crate) places: Places,
}

/// Where nodes stand in the text.
pub(crate) struct Places {
    info: SourceInfo,
    text_len: usize,
}

/// Parses text within the limits.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Tree, QueryError> {
    scan(text, limits)?;
    if text.trim().is_empty() {
        let error = QueryError::new(0..text.len(), Problem::Syntax("the query is empty".to_owned()));
        return Err(error.hint("write true to mean every device"));
    }
    let parser = cel::Env::default().with_optional_support(false).parser();
    match parser.parse_with_source_info(text) {
        Ok((root, info)) => Ok(Tree { root, places: Places { info, text_len: text.len() } }),
        Err(errors) => Err(first_error(&errors, text)),
    }
}

fn first_error(errors: &ParseErrors, text: &str) -> QueryError {
    let Some(error) = errors.errors.first() else {
        return QueryError::new(0..text.len(), Problem::Syntax("this is not an expression".to_owned()));
    };
    let at = offset(text, error);
    let length = text[at..].chars().next().map_or(0, char::len_utf8);
    QueryError::new(at..at + length, Problem::Syntax(message(&error.msg)))
}

/// The byte that a parser's line and column (from 1, in characters) mean.
fn offset(text: &str, error: &ParseError) -> usize {
    let line = usize::try_from(error.pos.0).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(error.pos.1).unwrap_or(1).saturating_sub(1);
    let line_start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>().min(text.len());
    let in_line = text[line_start..].char_indices().nth(column).map_or(text.len() - line_start, |(at, _)| at);
    line_start + in_line
}

/// The parser's message in our words: it lists every token that it could have read.
fn message(parser: &str) -> String {
    let parser = parser.strip_prefix("Syntax error: ").unwrap_or(parser);
    let found = parser.split(" expecting ").next().unwrap_or(parser);
    match found.split_once("input ") {
        Some((_, "'<EOF>'")) => "the query ends too early".to_owned(),
        Some((_, token)) => format!("{token} is not expected here"),
        None => found.to_owned(),
    }
}

impl Places {
    /// The bytes from the first to the last node of a subtree.
    pub(crate) fn span(&self, expr: &IdedExpr) -> Range<usize> {
        let mut span = self.own(expr.id).unwrap_or(self.text_len..self.text_len);
        for child in children(&expr.expr) {
            let inner = self.span(child);
            span = span.start.min(inner.start)..span.end.max(inner.end);
        }
        span
    }

    fn own(&self, id: u64) -> Option<Range<usize>> {
        let (first, last) = self.info.offset_for(id)?;
        let end = (last as usize + 1).min(self.text_len);
        Some((first as usize).min(end)..end)
    }
}

fn children(expr: &Expr) -> Vec<&IdedExpr> {
    match expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (Range<usize>, String) {
        let error = parse(text, &Limits::default()).err().unwrap();
        (error.span, error.problem.to_string())
    }

    #[test]
    fn a_syntax_error_has_its_place_and_our_words() {
        assert_eq!(refusal("a == "), (5..5, "the query ends too early".into()));
        assert_eq!(refusal("a b"), (2..3, "'b' is not expected here".into()));
        assert_eq!(refusal("a == 'é' &&\n b c"), (16..17, "'c' is not expected here".into()));
        assert_eq!(refusal("a == 99999999999999999999"), (5..6, "invalid int literal".into()));
        assert_eq!(refusal("  "), (0..2, "the query is empty".into()));
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let text = "f == 'é' && disks.exists(d, d.mount == '/')";
        let tree = parse(text, &Limits::default()).unwrap();
        let Expr::Call(and) = &tree.root.expr else { panic!("{:?}", tree.root) };
        assert_eq!(&text[tree.places.span(&and.args[0])], "f == 'é'");
        assert!(text[tree.places.span(&and.args[1])].starts_with("disks.exists(d, d.mount == '/'"));
    }
}
