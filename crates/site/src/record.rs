//! What the audit log says of a change to one object. A plan holds it before anything is written, so a preview can show the same.

use serde::Serialize;
use serde_json::{Value, json};

use crate::object::Object;

/// One change of one object. No secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What is changed.
    pub object: Object,
    /// What is done to it, like `create`.
    pub verb: &'static str,
    /// `{"former": …, "new": …}`, each where there is one.
    pub detail: Value,
}

impl Record {
    /// An object was made.
    pub fn created(object: Object, new: &impl Serialize) -> Self {
        Self { object, verb: "create", detail: json!({ "new": new }) }
    }

    /// An object was changed.
    pub fn changed(object: Object, former: &impl Serialize, new: &impl Serialize) -> Self {
        Self { object, verb: "change", detail: json!({ "former": former, "new": new }) }
    }

    /// An object was deleted.
    pub fn deleted(object: Object, former: &impl Serialize) -> Self {
        Self { object, verb: "delete", detail: json!({ "former": former }) }
    }

    /// Something else was done to an object. `detail` as in [`Record::detail`].
    #[must_use]
    pub fn done(object: Object, verb: &'static str, detail: Value) -> Self {
        Self { object, verb, detail }
    }

    /// What was done, as the audit log names it, like `package.create`.
    #[must_use]
    pub fn action(&self) -> String {
        format!("{}.{}", self.object.kind.as_str(), self.verb)
    }
}
