//! Why a program is or is not installed here: the chain of gates, told link by link.

use dray_model::api::why::Why;
use dray_model::{Name, Timestamp};

use crate::agent::Agent;

impl Agent {
    /// Why programs of this name are or are not installed: one answer for each package that has one; all packages when `package`
    /// is absent.
    #[must_use]
    pub fn why(&self, now: Timestamp, package: Option<&Name>, program: &Name) -> Vec<Why> {
        let _ = (now, package, program);
        Vec::new()
    }
}
