//! A condition's answer on one device's rows.
//!
//! Two-valued: a test on what isn't known is false. `sql.rs` says the same to a database; change both or neither.

use crate::catalogue::Class;
use crate::condition::{Comparison, Condition, Field, Literal, Operand, Quantifier, TextTest};
use crate::rows::{FactRows, Row, Value};

/// The rows in reach of a condition, innermost first.
#[derive(Clone, Copy)]
struct Scope<'a> {
    rows: &'a FactRows,
    row: Row<'a>,
    level: u8,
    outer: Option<&'a Scope<'a>>,
}

/// Whether the condition holds.
pub(crate) fn holds(condition: &Condition, rows: &FactRows, device_name: &str) -> bool {
    let row = Row::Device { name: device_name, row: &rows.device };
    Scope { rows, row, level: 0, outer: None }.holds(condition)
}

impl Scope<'_> {
    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Constant(value) => *value,
            Condition::And(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::Not(inner) => !self.holds(inner),
            Condition::Has(field) => self.row(*field).is_some_and(|row| row.value(field.property).is_some()),
            Condition::Compare { left, operator, right } => self.compares(left, *operator, right),
            Condition::In { left, values } => {
                self.operand(left).is_some_and(|value| values.iter().any(|literal| constant(literal) == value))
            }
            Condition::Text { field, test, pattern } => self.text_test(*field, *test, pattern),
            Condition::InNetwork { field, network } => match self.comparable(*field) {
                Some(Value::Text(key)) => network.first_key() <= key && key <= network.last_key(),
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
        let Some(Value::Text(text)) = self.row(field).and_then(|row| row.value(field.property)) else { return false };
        match test {
            TextTest::StartsWith => text.starts_with(pattern),
            TextTest::EndsWith => text.ends_with(pattern),
            TextTest::Contains => text.contains(pattern),
        }
    }

    fn rows_satisfy(&self, class: Class, quantifier: Quantifier, condition: &Condition) -> bool {
        let level = self.level.saturating_add(1);
        let satisfies = |row| Scope { rows: self.rows, row, level, outer: Some(self) }.holds(condition);
        match quantifier {
            Quantifier::Any => self.rows.count(class, 1, satisfies) == 1,
            Quantifier::All => self.rows.count(class, 1, |row| !satisfies(row)) == 0,
            Quantifier::One => self.rows.count(class, 2, satisfies) == 1,
        }
    }

    fn operand<'b>(&'b self, operand: &'b Operand) -> Option<Value<'b>> {
        match operand {
            Operand::Field(field) => self.comparable(*field),
            Operand::Size(class) => Some(Value::Integer(i64::try_from(self.rows.size(*class)).unwrap_or(i64::MAX))),
            Operand::Literal(literal) => Some(constant(literal)),
        }
    }

    fn comparable(&self, field: Field) -> Option<Value<'_>> {
        self.row(field)?.comparable(field.property)
    }

    fn row(&self, field: Field) -> Option<Row<'_>> {
        let mut scope = self;
        while scope.level > field.row {
            scope = scope.outer?;
        }
        (scope.level == field.row).then_some(scope.row)
    }
}

fn constant(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Text(text) => Value::Text(text),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Version(version) => Value::Text(version.key()),
        Literal::Ip(ip) => Value::Text(ip.key()),
    }
}
