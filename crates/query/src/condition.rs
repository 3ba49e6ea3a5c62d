//! The typed form of a query: what documents carry and all evaluators read.
//!
//! Its JSON is part of signed documents: variants and field names are frozen, new ones need a new version of
//! [`crate::Query`]'s document. A condition inside a [`crate::Query`] is well-typed and within the limits.

use std::collections::BTreeSet;

use dray_model::inventory::{Class, Kind, Property};
use serde::{Deserialize, Serialize};

use crate::address::{Ip, Network};
use crate::version::Version;

/// Something that holds for a device or doesn't; there is no third answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Always or never.
    Constant(bool),
    /// All of them hold; at least two.
    And(Vec<Condition>),
    /// One of them holds; at least two.
    Or(Vec<Condition>),
    /// The other doesn't hold.
    Not(Box<Condition>),
    /// The fact is known.
    Has(Field),
    /// Both sides are known and compare so; the left side is never a constant and both are of one [`Kind`].
    Compare {
        /// What is compared.
        left: Operand,
        /// How.
        operator: Comparison,
        /// With what.
        right: Operand,
    },
    /// The left side is known and equals one of the values, all of its [`Kind`]; at least one value.
    In {
        /// What is looked up; never a constant.
        left: Operand,
        /// Where.
        values: Vec<Literal>,
    },
    /// The fact is known and its text passes the test.
    Text {
        /// A field with text.
        field: Field,
        /// Where the pattern must be.
        test: TextTest,
        /// What to find, case-sensitively; not empty.
        pattern: String,
    },
    /// The address is known and in the network.
    InNetwork {
        /// A field of kind [`Kind::Ip`].
        field: Field,
        /// The network.
        network: Network,
    },
    /// So many rows of the class satisfy the condition, which may name the row and those around it.
    Rows {
        /// A class with many rows.
        class: Class,
        /// How many.
        quantifier: Quantifier,
        /// What each row is asked.
        condition: Box<Condition>,
    },
}

/// A property of one of the rows in reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Which property.
    pub property: Property,
    /// Of which row: 0 is the device, 1 the row of the outermost [`Condition::Rows`] around, 2 that of the next.
    #[serde(default, skip_serializing_if = "is_device")]
    pub row: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_device(row: &u8) -> bool {
    *row == 0
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A fact.
    Field(Field),
    /// How many rows of this class the device has.
    Size(Class),
    /// A constant.
    Literal(Literal),
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// A text without NUL characters.
    Text(String),
    /// A number.
    Integer(i64),
    /// A version.
    Version(Version),
    /// An address.
    Ip(Ip),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where a pattern must be in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// How many rows must satisfy a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Every one; true of no rows.
    All,
    /// Exactly one.
    One,
}

impl Operand {
    /// How its values compare.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Field(field) => field.property.kind(),
            Self::Size(_) => Kind::Integer,
            Self::Literal(literal) => literal.kind(),
        }
    }
}

impl Literal {
    /// How it compares.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Integer(_) => Kind::Integer,
            Self::Version(_) => Kind::Version,
            Self::Ip(_) => Kind::Ip,
        }
    }
}

impl Comparison {
    /// Whether it needs an order and not only equality.
    #[must_use]
    pub const fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    /// The operator that says the same with the sides exchanged.
    #[must_use]
    pub const fn flipped(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl Condition {
    /// The classes whose rows decide it: a change elsewhere can't change the answer. A constant touches none.
    #[must_use]
    pub fn touched_classes(&self) -> BTreeSet<Class> {
        let mut classes = BTreeSet::new();
        self.collect_classes(&mut classes);
        classes
    }

    fn collect_classes(&self, into: &mut BTreeSet<Class>) {
        match self {
            Self::Constant(_) => {}
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect_classes(into)),
            Self::Not(inner) => inner.collect_classes(into),
            Self::Has(field) | Self::Text { field, .. } | Self::InNetwork { field, .. } => {
                into.insert(field.property.class());
            }
            Self::Compare { left, right, .. } => into.extend([left, right].into_iter().filter_map(Operand::class)),
            Self::In { left, .. } => into.extend(left.class()),
            Self::Rows { class, condition, .. } => {
                into.insert(*class);
                condition.collect_classes(into);
            }
        }
    }
}

impl Operand {
    fn class(&self) -> Option<Class> {
        match self {
            Self::Field(field) => Some(field.property.class()),
            Self::Size(class) => Some(*class),
            Self::Literal(_) => None,
        }
    }
}
