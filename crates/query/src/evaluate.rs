//! A condition's answer on one device's rows.
//!
//! Two-valued: a test on what isn't known is false. `sql.rs` says the same to a database; change both or neither.

use dray_model::facts::{Facts, Row};
use dray_model::inventory::{Class, Property};

use crate::condition::{Comparison, Condition, Field, Literal, Operand, Quantifier, TextTest};
use crate::key::Comparable;

/// The rows in reach of a condition, innermost first.
#[derive(Clone, Copy)]
struct Scope<'a> {
    facts: &'a Facts,
    device_name: &'a str,
    row: Row<'a>,
    level: u8,
    outer: Option<&'a Scope<'a>>,
}

/// Whether the condition holds.
pub(crate) fn holds(condition: &Condition, facts: &Facts, device_name: &str) -> bool {
    Scope { facts, device_name, row: facts.device(), level: 0, outer: None }.holds(condition)
}

impl Scope<'_> {
    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Constant(value) => *value,
            Condition::And(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::Not(inner) => !self.holds(inner),
            Condition::Has(field) => self.has(*field),
            Condition::Compare { left, operator, right } => self.compares(left, *operator, right),
            Condition::In { left, values } => {
                self.operand(left).is_some_and(|value| values.iter().any(|literal| constant(literal) == value))
            }
            Condition::Text { field, test, pattern } => self.text_test(*field, *test, pattern),
            Condition::InNetwork { field, network } => match self.comparable(*field) {
                Some(Comparable::Text(key)) => network.first_key() <= &*key && &*key <= network.last_key(),
                _ => false,
            },
            Condition::Rows { class, quantifier, condition } => self.rows_satisfy(*class, *quantifier, condition),
        }
    }

    fn compares(&self, left: &Operand, operator: Comparison, right: &Operand) -> bool {
        let (Some(left), Some(right)) = (self.operand(left), self.operand(right)) else { return false };
        match operator {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }

    fn text_test(&self, field: Field, test: TextTest, pattern: &str) -> bool {
        let Some(text) = self.text(field) else { return false };
        match test {
            TextTest::StartsWith => text.starts_with(pattern),
            TextTest::EndsWith => text.ends_with(pattern),
            TextTest::Contains => text.contains(pattern),
        }
    }

    fn rows_satisfy(&self, class: Class, quantifier: Quantifier, condition: &Condition) -> bool {
        let (facts, device_name, level) = (self.facts, self.device_name, self.level.saturating_add(1));
        let satisfies =
            |row: &Row<'_>| Scope { facts, device_name, row: *row, level, outer: Some(self) }.holds(condition);
        let mut rows = facts.table(class).rows();
        match quantifier {
            Quantifier::Any => rows.any(|row| satisfies(&row)),
            Quantifier::All => rows.all(|row| satisfies(&row)),
            Quantifier::One => rows.filter(satisfies).take(2).count() == 1,
        }
    }

    fn operand<'b>(&'b self, operand: &'b Operand) -> Option<Comparable<'b>> {
        match operand {
            Operand::Field(field) => self.comparable(*field),
            Operand::Size(class) => {
                Some(Comparable::Integer(i64::try_from(self.facts.table(*class).len()).unwrap_or(i64::MAX)))
            }
            Operand::Literal(literal) => Some(constant(literal)),
        }
    }

    fn has(&self, field: Field) -> bool {
        field.property == Property::DEVICE_NAME || self.row(field).is_some_and(|row| row.get(field.property).is_some())
    }

    fn comparable(&self, field: Field) -> Option<Comparable<'_>> {
        if field.property == Property::DEVICE_NAME {
            return Some(Comparable::text(self.device_name));
        }
        Comparable::of(field.property.kind(), self.row(field)?.get(field.property)?)
    }

    fn text(&self, field: Field) -> Option<&str> {
        if field.property == Property::DEVICE_NAME {
            return Some(self.device_name);
        }
        self.row(field)?.text(field.property)
    }

    fn row(&self, field: Field) -> Option<Row<'_>> {
        let mut scope = self;
        while scope.level > field.row {
            scope = scope.outer?;
        }
        (scope.level == field.row).then_some(scope.row)
    }
}

fn constant(literal: &Literal) -> Comparable<'_> {
    match literal {
        Literal::Text(text) => Comparable::text(text),
        Literal::Integer(number) => Comparable::Integer(*number),
        Literal::Version(version) => Comparable::text(version.key()),
        Literal::Ip(ip) => Comparable::text(ip.key()),
    }
}
