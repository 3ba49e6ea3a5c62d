//! What a query may cost, no matter who wrote it: text from people and documents from elsewhere meet the same limits.

/// Limits on one query. [`Limits::default`] is what the product uses; a smaller set is for tests and narrow inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest text in bytes.
    pub bytes_max: usize,
    /// Deepest nesting, of brackets and operators in the text and of nodes in the typed condition. More than 64 count as 64.
    pub depth_max: usize,
    /// Most nodes of the typed condition: each test, connective and operand is one; elements of lists are not counted here.
    pub nodes_max: usize,
    /// How many lists may be asked inside one another: 2 allows `exists` within `exists`.
    pub nesting_max: usize,
    /// Most elements of all list constants together.
    pub list_items_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 4096, depth_max: 32, nodes_max: 256, nesting_max: 2, list_items_max: 256 }
    }
}
