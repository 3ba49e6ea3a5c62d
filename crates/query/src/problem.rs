//! Why a condition is refused, no matter who made it.

/// A condition that the language can't produce, or that costs more than it may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Longer than [`crate::Limits::bytes_max`].
    #[error("the query has {bytes} bytes, the limit is {bytes_max}")]
    TooLong {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// Nested deeper than [`crate::Limits::depth_max`].
    #[error("the query is nested more than {0} levels deep")]
    TooDeep(usize),
    /// More nodes than [`crate::Limits::nodes_max`].
    #[error("the query has more than {0} parts")]
    TooLarge(usize),
    /// More than [`crate::Limits::list_items_max`].
    #[error("the lists in the query have more than {0} elements in total")]
    TooManyListItems(usize),
    /// Lists asked inside one another more often than [`crate::Limits::nesting_max`].
    #[error("more than {0} lists are nested in one another")]
    TooNested(usize),
    /// A condition from a document that the language can't have produced.
    #[error("the condition is malformed: {0}")]
    Malformed(&'static str),
}
