//! The whole memory of the machine: what must survive a restart.

use serde::{Deserialize, Serialize};

/// What the shell keeps between two events. Opaque; its JSON form is read back by [`crate::Agent::resume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub(crate) format: u32,
}

impl State {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// The state of a device that has just enrolled.
    #[must_use]
    pub fn new() -> Self {
        Self { format: Self::FORMAT }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
