//! From text to CEL's syntax tree, by the `cel` crate behind the guard of `scan.rs`.
//!
//! Macros stay calls, so that `exists` arrives as it was written.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use cel::parser::{ParseError, ParseErrors};

use crate::error::{Problem, QueryError};
use crate::scan::after_closing;

/// A syntax tree and the places of its nodes.
pub(crate) struct Tree<'a> {
    pub(crate) root: IdedExpr,
    pub(crate) places: Places<'a>,
}

const STACK_BASE_BYTES: usize = 2 << 20;
const STACK_LEVEL_BYTES: usize = 256 << 10;
/// Deepest nesting that the scan lets through, whatever the limits say.
pub(crate) const DEPTH_CEILING: usize = 64;

/// Where nodes stand in the text.
pub(crate) struct Places<'a> {
    info: SourceInfo,
    text: &'a str,
}

/// Runs a parse where the stack is deep enough for it.
///
/// The `cel` parser takes up to 190 KiB of stack for each level of nesting and 700 KiB to begin with (measured, debug build,
/// x86_64): more than the 2 MiB of a usual thread. The memory is only reserved until it is used.
///
/// # Errors
///
/// Those of `work`, and [`Problem::NoThread`].
pub(crate) fn with_stack_for<T: Send>(
    depth_max: usize,
    text_len: usize,
    work: impl FnOnce() -> Result<T, QueryError> + Send,
) -> Result<T, QueryError> {
    let stack_bytes = STACK_BASE_BYTES + STACK_LEVEL_BYTES * depth_max.min(DEPTH_CEILING);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("query-parser".to_owned()).stack_size(stack_bytes);
        match thread.spawn_scoped(scope, work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => Err(QueryError::new(0..text_len, Problem::NoThread)),
        }
    })
}

/// Parses a text that the scan has let through, where [`with_stack_for`] gives it the stack.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Tree<'_>, QueryError> {
    if text.trim().is_empty() {
        let error = QueryError::new(0..text.len(), Problem::Syntax("the query is empty".to_owned()));
        return Err(error.hint("write true to match every device"));
    }
    let parser = cel::Env::default().with_optional_support(false).parser();
    match parser.parse_with_source_info(text) {
        Ok((root, info)) => Ok(Tree { root, places: Places { info, text } }),
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
        Some((_, token)) => format!("unexpected {token}"),
        None => found.to_owned(),
    }
}

impl Places<'_> {
    /// The bytes of a subtree, brackets of calls and lists included.
    pub(crate) fn span(&self, expr: &IdedExpr) -> Range<usize> {
        let mut span = self.own(expr).unwrap_or(self.text.len()..self.text.len());
        for child in children(&expr.expr) {
            let inner = self.span(child);
            span = span.start.min(inner.start)..span.end.max(inner.end);
        }
        span
    }

    /// The bytes of a node without its children. The parser notes one token: the operator, dot or opening bracket.
    fn own(&self, expr: &IdedExpr) -> Option<Range<usize>> {
        let (first, last) = self.info.offset_for(expr.id)?;
        let token = first as usize..last as usize + 1;
        match (&expr.expr, self.text.get(token.clone())?) {
            (Expr::Select(_), ".") => {
                let name_start = self.text.len() - self.text[token.end..].trim_ascii_start().len();
                let name = self.text[name_start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                Some(token.start..name.map_or(self.text.len(), |length| name_start + length))
            }
            (Expr::Call(call), "(") => {
                let before = self.text[..token.start].trim_ascii_end();
                let start = before.strip_suffix(call.func_name.as_str()).map_or(token.start, str::len);
                Some(start..after_closing(self.text, token.start).unwrap_or(token.end))
            }
            (Expr::Call(_) | Expr::List(_), "[") => {
                Some(token.start..after_closing(self.text, token.start).unwrap_or(token.end))
            }
            _ => Some(token),
        }
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
        let error = parse(text).err().unwrap();
        (error.span, error.problem.to_string())
    }

    #[test]
    fn a_syntax_error_has_its_place_and_our_words() {
        assert_eq!(refusal("a == "), (5..5, "the query ends too early".into()));
        assert_eq!(refusal("a b"), (2..3, "unexpected 'b'".into()));
        assert_eq!(refusal("a == 'é' &&\n b c"), (16..17, "unexpected 'c'".into()));
        assert_eq!(refusal("a == 99999999999999999999"), (5..6, "invalid int literal".into()));
        assert_eq!(refusal("  "), (0..2, "the query is empty".into()));
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let text = "f == 'é' && disks.exists(d, d.mount == '/')";
        let tree = parse(text).unwrap();
        let Expr::Call(and) = &tree.root.expr else { panic!("{:?}", tree.root) };
        assert_eq!(&text[tree.places.span(&and.args[0])], "f == 'é'");
        assert_eq!(&text[tree.places.span(&and.args[1])], "disks.exists(d, d.mount == '/')");
    }
}
