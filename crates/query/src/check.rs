//! Whether a condition is one that the language can produce: well-typed, and within the limits.
//!
//! Conditions come from documents too. After this check the evaluators meet no case that they have no answer for.

use dray_model::inventory::{Class, Kind};

use crate::condition::{Comparison, Condition, Field, Literal, Operand};
use crate::limits::Limits;
use crate::problem::Problem;

/// Checks a condition.
///
/// # Errors
///
/// The limit it breaks, or [`Problem::Malformed`].
pub(crate) fn check(condition: &Condition, limits: &Limits) -> Result<(), Problem> {
    Checker { limits, nodes: 0, list_items: 0, rows: Vec::new() }.condition(condition, 1)
}

struct Checker<'a> {
    limits: &'a Limits,
    nodes: usize,
    list_items: usize,
    /// Classes of the rows in reach after the device, outermost first.
    rows: Vec<Class>,
}

impl Checker<'_> {
    fn condition(&mut self, condition: &Condition, depth: usize) -> Result<(), Problem> {
        if depth > self.limits.depth_max {
            return Err(Problem::TooDeep(self.limits.depth_max));
        }
        self.node()?;
        match condition {
            Condition::Constant(_) => Ok(()),
            Condition::And(parts) | Condition::Or(parts) => {
                ensure(parts.len() >= 2, "a connective joins two or more conditions")?;
                parts.iter().try_for_each(|part| self.condition(part, depth + 1))
            }
            Condition::Not(inner) => self.condition(inner, depth + 1),
            Condition::Has(field) => self.field(*field),
            Condition::Compare { left, operator, right } => self.comparison(left, *operator, right),
            Condition::In { left, values } => self.membership(left, values),
            Condition::Text { field, pattern, .. } => {
                self.field(*field)?;
                ensure(field.property.kind().is_text(), "a string test needs a string")?;
                ensure(!pattern.is_empty(), "a pattern cannot be empty")?;
                self.text(pattern)
            }
            Condition::InNetwork { field, .. } => {
                self.field(*field)?;
                ensure(field.property.kind() == Kind::Ip, "only an address can be in a network")
            }
            Condition::Rows { class, condition, .. } => self.rows(*class, condition, depth),
        }
    }

    fn rows(&mut self, class: Class, condition: &Condition, depth: usize) -> Result<(), Problem> {
        ensure(class.is_list(), "the device is not a list")?;
        if self.rows.len() >= self.limits.nesting_max {
            return Err(Problem::TooNested(self.limits.nesting_max));
        }
        self.rows.push(class);
        let result = self.condition(condition, depth + 1);
        self.rows.pop();
        result
    }

    fn comparison(&mut self, left: &Operand, operator: Comparison, right: &Operand) -> Result<(), Problem> {
        ensure(!matches!(left, Operand::Literal(_)), "there is a constant on the left")?;
        self.operand(left)?;
        self.operand(right)?;
        ensure(left.kind() == right.kind(), "a comparison of different kinds")?;
        ensure(left.kind() != Kind::Ip || !operator.is_ordering(), "addresses have no order")
    }

    fn membership(&mut self, left: &Operand, values: &[Literal]) -> Result<(), Problem> {
        ensure(!matches!(left, Operand::Literal(_)), "there is a constant on the left")?;
        ensure(!values.is_empty(), "a list cannot be empty")?;
        self.operand(left)?;
        self.list_items += values.len();
        if self.list_items > self.limits.list_items_max {
            return Err(Problem::TooManyListItems(self.limits.list_items_max));
        }
        for value in values {
            ensure(value.kind() == left.kind(), "a list of different kinds")?;
            self.literal(value)?;
        }
        Ok(())
    }

    fn operand(&mut self, operand: &Operand) -> Result<(), Problem> {
        match operand {
            Operand::Field(field) => self.field(*field),
            Operand::Size(class) => {
                ensure(class.is_list(), "the device is not a list")?;
                self.node()
            }
            Operand::Literal(literal) => {
                self.node()?;
                self.literal(literal)
            }
        }
    }

    fn field(&mut self, field: Field) -> Result<(), Problem> {
        self.node()?;
        let class = match usize::from(field.row).checked_sub(1) {
            None => Some(Class::DEVICE),
            Some(index) => self.rows.get(index).copied(),
        };
        ensure(class == Some(field.property.class()), "a property of a row that is out of scope")
    }

    fn literal(&self, literal: &Literal) -> Result<(), Problem> {
        match literal {
            Literal::Text(text) => self.text(text),
            Literal::Version(version) => self.text(version.as_str()),
            Literal::Integer(_) | Literal::Ip(_) => Ok(()),
        }
    }

    fn text(&self, text: &str) -> Result<(), Problem> {
        ensure(!text.contains('\0'), "a string contains a NUL character")?;
        ensure(text.len() <= self.limits.bytes_max, "a string is longer than a query can be")
    }

    fn node(&mut self) -> Result<(), Problem> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes_max {
            return Err(Problem::TooLarge(self.limits.nodes_max));
        }
        Ok(())
    }
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::Malformed(otherwise)) }
}
