//! From CEL's syntax tree to a typed [`Condition`]: what stands where something true or false is needed.
//!
//! Values are in `lower/value.rs`, calls of functions in `lower/call.rs`. Everything that isn't understood is refused with its
//! place; nothing is guessed. Recursion is bounded by the scan before the parser.

mod call;
mod value;

use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use dray_model::inventory::{Class, Kind};
use dray_query::Limits;
use dray_query::condition::{Comparison, Condition, Literal, Operand, TextTest};

use crate::error::{Problem, QueryError};
use crate::parse::{Places, Tree};

/// Types a syntax tree.
///
/// # Errors
///
/// What isn't part of the language, or doesn't fit the catalogue.
pub(crate) fn lower(tree: &Tree<'_>, limits: &Limits) -> Result<Condition, QueryError> {
    Lowering { places: &tree.places, limits, variables: Vec::new() }.condition(&tree.root)
}

struct Lowering<'a> {
    places: &'a Places<'a>,
    limits: &'a Limits,
    /// Row variables in reach, outermost first; the first is row 1 of [`dray_query::condition::Field`].
    variables: Vec<(&'a str, Class)>,
}

impl<'a> Lowering<'a> {
    fn condition(&mut self, expr: &'a IdedExpr) -> Result<Condition, QueryError> {
        match &expr.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Ok(Condition::Constant(*value.inner())),
            Expr::Call(call) if call.target.is_some() => self.method(expr, call),
            Expr::Call(call) => self.operator(expr, call),
            _ => Err(self.not_a_condition(expr)),
        }
    }

    fn operator(&mut self, expr: &'a IdedExpr, call: &'a CallExpr) -> Result<Condition, QueryError> {
        if let (Some(operator), [left, right]) = (comparison(&call.func_name), call.args.as_slice()) {
            return self.comparison(expr, left, operator, right);
        }
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, _) => Ok(Condition::And(self.parts(expr, operators::LOGICAL_AND)?)),
            (operators::LOGICAL_OR, _) => Ok(Condition::Or(self.parts(expr, operators::LOGICAL_OR)?)),
            (operators::LOGICAL_NOT, [inner]) => Ok(Condition::Not(Box::new(self.condition(inner)?))),
            (operators::IN, [left, right]) => self.membership(left, right),
            (operators::INDEX, _) => {
                let problem = Problem::Unsupported("a position in a list".to_owned());
                Err(self.error(expr, problem).hint("select a row by its contents: disks.exists(d, d.mount == \"/\")"))
            }
            _ => self.function(expr, call),
        }
    }

    /// The operands of a run of `&&` or `||`, which the parser has made a balanced tree.
    fn parts(&mut self, expr: &'a IdedExpr, operator: &str) -> Result<Vec<Condition>, QueryError> {
        let mut parts = Vec::new();
        let mut pending = vec![expr];
        while let Some(next) = pending.pop() {
            match &next.expr {
                Expr::Call(call) if call.target.is_none() && call.func_name == operator => {
                    pending.extend(call.args.iter().rev());
                }
                _ => parts.push(self.condition(next)?),
            }
        }
        Ok(parts)
    }

    fn comparison(
        &mut self,
        expr: &'a IdedExpr,
        left: &'a IdedExpr,
        operator: Comparison,
        right: &'a IdedExpr,
    ) -> Result<Condition, QueryError> {
        let (mut left_operand, mut right_operand) = (self.operand(left)?, self.operand(right)?);
        if let Operand::Literal(literal) = right_operand {
            right_operand = Operand::Literal(self.adapted(right, literal, left_operand.kind())?);
        } else if let Operand::Literal(literal) = left_operand {
            left_operand = Operand::Literal(self.adapted(left, literal, right_operand.kind())?);
        }
        let (left_kind, right_kind) = (left_operand.kind(), right_operand.kind());
        if left_kind != right_kind {
            return Err(self.error(expr, Problem::Mismatch { left: left_kind, right: right_kind }));
        }
        if left_kind == Kind::Ip && operator.is_ordering() {
            let error = self.error(expr, Problem::NoOrder(left_kind));
            return Err(error.hint("test for a network with inCidr(a.ip, \"10.1.0.0/16\")"));
        }
        match (&left_operand, &right_operand) {
            (Operand::Literal(_), Operand::Literal(_)) => Err(self.error(expr, Problem::ConstantComparison)),
            (Operand::Literal(_), _) => {
                Ok(Condition::Compare { left: right_operand, operator: operator.flipped(), right: left_operand })
            }
            _ => Ok(Condition::Compare { left: left_operand, operator, right: right_operand }),
        }
    }

    fn membership(&mut self, left: &'a IdedExpr, right: &'a IdedExpr) -> Result<Condition, QueryError> {
        let Expr::List(list) = &right.expr else {
            let error = self.error(right, Problem::NotAValue("the right side of `in`".to_owned()));
            return Err(
                error.hint("write a list of constants, or query a list: software.exists(s, s.name == \"nginx\")")
            );
        };
        let operand = self.operand(left)?;
        if matches!(operand, Operand::Literal(_)) {
            return Err(self.error(left, Problem::ConstantComparison));
        }
        if list.elements.is_empty() {
            return Ok(Condition::Constant(false));
        }
        let mut values = Vec::with_capacity(list.elements.len());
        for element in &list.elements {
            let Operand::Literal(literal) = self.operand(element)? else {
                let problem = Problem::Unsupported("a property in a list".to_owned());
                return Err(self.error(element, problem).hint("compare with == and join with ||"));
            };
            let literal = self.adapted(element, literal, operand.kind())?;
            if literal.kind() != operand.kind() {
                let problem = Problem::Mismatch { left: operand.kind(), right: literal.kind() };
                return Err(self.error(element, problem));
            }
            values.push(literal);
        }
        Ok(Condition::In { left: operand, values })
    }

    /// Reads a text constant as what it is compared with: a version or an address.
    fn adapted(&self, expr: &IdedExpr, literal: Literal, other: Kind) -> Result<Literal, QueryError> {
        match (literal, other) {
            (Literal::Text(text), Kind::Version) => Ok(Literal::Version(text.into())),
            (Literal::Text(text), Kind::Ip) => match text.parse() {
                Ok(ip) => Ok(Literal::Ip(ip)),
                Err(error) => Err(self.error(expr, error).hint("for a network write inCidr(a.ip, \"10.1.0.0/16\")")),
            },
            (literal, _) => Ok(literal),
        }
    }

    fn not_a_condition(&self, expr: &IdedExpr) -> QueryError {
        let (what, hint) = match &expr.expr {
            Expr::Ident(name) if Class::named(name).is_some_and(Class::is_list) => {
                (format!("the list {name}"), format!("write size({name}) > 0 or {name}.exists(x, …)"))
            }
            Expr::Ident(_) | Expr::Select(_) => match self.operand(expr) {
                Ok(_) => (
                    "a property on its own".to_owned(),
                    "compare it, or write has(…) to test whether it is known".to_owned(),
                ),
                Err(error) => return error,
            },
            _ => ("a constant".to_owned(), "compare a property with it".to_owned()),
        };
        self.error(expr, Problem::NotACondition(what)).hint(hint)
    }

    fn error(&self, expr: &IdedExpr, problem: impl Into<Problem>) -> QueryError {
        QueryError::new(self.span(expr), problem)
    }

    fn span(&self, expr: &IdedExpr) -> Range<usize> {
        self.places.span(expr)
    }
}

fn comparison(function: &str) -> Option<Comparison> {
    match function {
        operators::EQUALS => Some(Comparison::Equal),
        operators::NOT_EQUALS => Some(Comparison::NotEqual),
        operators::LESS => Some(Comparison::Less),
        operators::LESS_EQUALS => Some(Comparison::LessOrEqual),
        operators::GREATER => Some(Comparison::Greater),
        operators::GREATER_EQUALS => Some(Comparison::GreaterOrEqual),
        _ => None,
    }
}

fn text_test(method: &str) -> Option<TextTest> {
    match method {
        "startsWith" => Some(TextTest::StartsWith),
        "endsWith" => Some(TextTest::EndsWith),
        "contains" => Some(TextTest::Contains),
        _ => None,
    }
}
