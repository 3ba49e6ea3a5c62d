//! A condition as an SQL predicate for SQLite and PostgreSQL.
//!
//! Names come from the catalogue and constants are parameters: nothing of a query's text becomes SQL. The predicate is TRUE
//! exactly where the condition holds, and FALSE or NULL elsewhere, so it belongs in a `WHERE` and not under a `NOT`. Inside,
//! NULL can't do harm: AND, OR and EXISTS never make TRUE of it, and every negation is `IS NOT TRUE`. That keeps plain
//! comparisons plain, so that indexes serve them.

use dray_model::inventory::{Class, Kind, Property};

use crate::condition::{Comparison, Condition, Field, Literal, Operand, Quantifier, TextTest};

/// Whose SQL to write. The two differ in the name of one function and in how byte order is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite 3.23 or newer.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlValue {
    /// Bind as BIGINT.
    Integer(i64),
    /// Bind as TEXT.
    Text(String),
}

/// A predicate over `device d LEFT JOIN device_facts f ON f.device_id = <the device's id>`.
///
/// It names `d.name`, columns of `f`, and subqueries over the tables of lists joined by `f.device_id`. A device without a
/// row of facts has no list rows for it, as for [`dray_model::facts::Facts::default`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlPredicate {
    /// The expression, in parentheses where it needs them. Placeholders are `$n`, some used more than once.
    pub text: String,
    /// Values of the placeholders, the first for the number that was asked for.
    pub params: Vec<SqlValue>,
}

/// Compiles a condition; placeholders are numbered from `first_param`.
pub(crate) fn compile(condition: &Condition, dialect: Dialect, first_param: usize) -> SqlPredicate {
    let mut writer = Writer { dialect, first_param, text: String::new(), params: Vec::new(), level: 0 };
    writer.condition(condition);
    SqlPredicate { text: writer.text, params: writer.params }
}

struct Writer {
    dialect: Dialect,
    first_param: usize,
    text: String,
    params: Vec<SqlValue>,
    /// Lists around; their rows' aliases are `r1`, `r2`.
    level: usize,
}

impl Writer {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(true) => self.push("1 = 1"),
            Condition::Constant(false) => self.push("1 = 0"),
            Condition::And(parts) => self.connective(parts, " AND "),
            Condition::Or(parts) => self.connective(parts, " OR "),
            Condition::Not(inner) => self.negation(inner),
            Condition::Has(field) => {
                self.push(&value_column(*field));
                self.push(" IS NOT NULL");
            }
            Condition::Compare { left, operator, right } => self.comparison(left, *operator, right),
            Condition::In { left, values } => {
                self.operand(left);
                self.push(" IN (");
                self.separated(values, ", ", Self::literal);
                self.push(")");
            }
            Condition::Text { field, test, pattern } => self.text_test(*field, *test, pattern),
            Condition::InNetwork { field, network } => {
                let column = self.in_byte_order(&comparable_column(*field));
                let first = self.param(SqlValue::Text(network.first_key().to_owned()));
                let last = self.param(SqlValue::Text(network.last_key().to_owned()));
                self.push(&format!("({column} >= {first} AND {column} <= {last})"));
            }
            Condition::Rows { class, quantifier, condition } => self.rows(*class, *quantifier, condition),
        }
    }

    fn connective(&mut self, parts: &[Condition], word: &str) {
        self.push("(");
        self.separated(parts, word, Self::condition);
        self.push(")");
    }

    fn negation(&mut self, inner: &Condition) {
        self.push("(");
        self.condition(inner);
        self.push(") IS NOT TRUE");
    }

    fn comparison(&mut self, left: &Operand, operator: Comparison, right: &Operand) {
        let bytewise = operator.is_ordering() && left.kind() != Kind::Integer;
        match left {
            Operand::Field(field) if bytewise => self.push(&self.in_byte_order(&comparable_column(*field))),
            _ => self.operand(left),
        }
        self.push(match operator {
            Comparison::Equal => " = ",
            Comparison::NotEqual => " <> ",
            Comparison::Less => " < ",
            Comparison::LessOrEqual => " <= ",
            Comparison::Greater => " > ",
            Comparison::GreaterOrEqual => " >= ",
        });
        self.operand(right);
    }

    /// Tests by `substr`, which counts characters on both engines; a pattern longer than the text finds a shorter piece,
    /// which can't be equal.
    fn text_test(&mut self, field: Field, test: TextTest, pattern: &str) {
        let column = value_column(field);
        let pattern = self.param(SqlValue::Text(pattern.to_owned()));
        self.push(&match (test, self.dialect) {
            (TextTest::StartsWith, _) => format!("substr({column}, 1, length({pattern})) = {pattern}"),
            (TextTest::EndsWith, _) => {
                format!("substr({column}, length({column}) - length({pattern}) + 1) = {pattern}")
            }
            (TextTest::Contains, Dialect::Sqlite) => format!("instr({column}, {pattern}) > 0"),
            (TextTest::Contains, Dialect::Postgres) => format!("strpos({column}, {pattern}) > 0"),
        });
    }

    fn rows(&mut self, class: Class, quantifier: Quantifier, condition: &Condition) {
        self.level += 1;
        let (table, alias) = (class.info().table, format!("r{}", self.level));
        let from = format!("FROM {table} {alias} WHERE {alias}.device_id = f.device_id AND ");
        match quantifier {
            Quantifier::Any => {
                self.push(&format!("EXISTS (SELECT 1 {from}"));
                self.condition(condition);
                self.push(")");
            }
            Quantifier::All => {
                self.push(&format!("NOT EXISTS (SELECT 1 {from}"));
                self.negation(condition);
                self.push(")");
            }
            Quantifier::One => {
                self.push(&format!("(SELECT COUNT(*) {from}"));
                self.condition(condition);
                self.push(") = 1");
            }
        }
        self.level -= 1;
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Field(field) => self.push(&comparable_column(*field)),
            Operand::Size(class) => {
                let table = class.info().table;
                self.push(&format!("(SELECT COUNT(*) FROM {table} s WHERE s.device_id = f.device_id)"));
            }
            Operand::Literal(literal) => self.literal(literal),
        }
    }

    fn literal(&mut self, literal: &Literal) {
        let placeholder = self.param(match literal {
            Literal::Integer(number) => SqlValue::Integer(*number),
            Literal::Text(text) => SqlValue::Text(text.clone()),
            Literal::Version(version) => SqlValue::Text(version.key().to_owned()),
            Literal::Ip(ip) => SqlValue::Text(ip.key().to_owned()),
        });
        self.push(&placeholder);
    }

    /// SQLite's default order is that of bytes; PostgreSQL's is that of the database's locale.
    fn in_byte_order(&self, column: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => column.to_owned(),
            Dialect::Postgres => format!("{column} COLLATE \"C\""),
        }
    }

    fn param(&mut self, value: SqlValue) -> String {
        let number = self.first_param + self.params.len();
        self.params.push(value);
        format!("${number}")
    }

    fn separated<T>(&mut self, items: &[T], separator: &str, mut write: impl FnMut(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            write(self, item);
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

fn value_column(field: Field) -> String {
    let mut column = match (field.row, field.property) {
        (0, Property::DEVICE_NAME) => "d.".to_owned(),
        (0, _) => "f.".to_owned(),
        (row, _) => format!("r{row}."),
    };
    column.push_str(field.property.info().name);
    column
}

/// The column that values compare by: `key.rs` in the database.
fn comparable_column(field: Field) -> String {
    let mut column = value_column(field);
    if field.property.kind().has_key() {
        column.push_str("_key");
    }
    column
}
