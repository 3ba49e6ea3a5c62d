//! What can happen to any object that has a name, in one wording.
//!
//! Each resource's error enum holds [`ObjectError`] in a variant `Object`; only what is special about the resource has variants of its
//! own there.

use std::fmt;

use dray_model::ObjectKind;

use crate::error::{Failure, codes};

/// An object, as sentences and the audit log name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name, or its id where it has no name.
    pub name: String,
}

impl Object {
    /// The object of this kind and name.
    #[must_use]
    pub fn new(kind: ObjectKind, name: impl fmt::Display) -> Self {
        Self { kind, name: name.to_string() }
    }

    /// There is no such object.
    pub(crate) fn not_found(self) -> ObjectError {
        ObjectError::NotFound(self)
    }

    /// There is no such object, although a command leans on it. `doing` reads before the object, like `advertise to`.
    pub(crate) fn unresolved(self, doing: &'static str) -> ObjectError {
        ObjectError::Unresolved { doing, object: self }
    }

    /// Refuses to make an object of a name that is `taken`.
    pub(crate) fn expect_free(&self, taken: bool) -> Result<(), ObjectError> {
        if taken { Err(ObjectError::NameTaken(self.clone())) } else { Ok(()) }
    }

    /// Refuses to change the object when the caller saw another revision than `found`.
    pub(crate) fn expect_revision(&self, expected: Option<u64>, found: u64) -> Result<(), ObjectError> {
        match expected {
            Some(expected) if expected != found => Err(ObjectError::Stale { object: self.clone(), expected, found }),
            _ => Ok(()),
        }
    }

    /// Refuses to delete the object while others depend on it.
    pub(crate) fn expect_unused(&self, dependants: Vec<Object>) -> Result<(), ObjectError> {
        if dependants.is_empty() { Ok(()) } else { Err(ObjectError::InUse { object: self.clone(), dependants }) }
    }
}

/// Like `package zip`.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// What can happen to any object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The name is in use.
    #[error("cannot create the {0}: the name is taken")]
    NameTaken(Object),
    /// What the request is about does not exist.
    #[error("there is no {0}")]
    NotFound(Object),
    /// Something else that the command names does not exist.
    #[error("cannot {doing} the {object}: it does not exist")]
    Unresolved {
        /// What was attempted, to read before the object.
        doing: &'static str,
        /// What is missing.
        object: Object,
    },
    /// Somebody changed it since the caller looked.
    #[error("cannot change the {object}: it is at revision {found}, not {expected}")]
    Stale {
        /// The object.
        object: Object,
        /// The revision that the caller saw.
        expected: u64,
        /// The revision now.
        found: u64,
    },
    /// Others depend on it.
    #[error("cannot delete the {object}: it is used by {}", listed(dependants))]
    InUse {
        /// The object.
        object: Object,
        /// What depends on it.
        dependants: Vec<Object>,
    },
}

fn listed(objects: &[Object]) -> String {
    let all: Vec<_> = objects.iter().map(|object| format!("the {object}")).collect();
    all.join(", ")
}

impl Failure for ObjectError {
    codes! {
        Self::NameTaken(_) => Conflict "name_taken",
        Self::NotFound(_) => Absent "not_found",
        Self::Unresolved { .. } => Unresolved "unresolved",
        Self::Stale { .. } => Stale "stale",
        Self::InUse { .. } => Conflict "in_use",
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NameTaken(Object { kind: ObjectKind::Token, .. }) => {
                "choose another name; names of revoked tokens cannot be reused, because the audit log refers to them"
                    .to_owned()
            }
            Self::NameTaken(object) => format!("choose another name, or change the {} that has it", object.kind),
            Self::NotFound(object) => format!("choose one from `{}`", list_command(object.kind)),
            Self::Unresolved { object, .. } => match object.kind {
                ObjectKind::Device => format!("choose one from `{}`", list_command(object.kind)),
                kind => format!("create it first, or choose one from `{}`", list_command(kind)),
            },
            Self::Stale { object, .. } => format!("look at the {} again and repeat the change", object.kind),
            Self::InUse { dependants, .. } => {
                let is_token = |object: &Object| object.kind == ObjectKind::Token;
                let verb = if dependants.iter().all(is_token) { "revoke" } else { "delete" };
                format!("{verb} what uses it first")
            }
        })
    }
}

fn list_command(kind: ObjectKind) -> String {
    match kind {
        ObjectKind::Content => "dray package list".to_owned(),
        kind => format!("dray {} list", kind.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip() -> Object {
        Object::new(ObjectKind::Package, "zip")
    }

    #[test]
    fn each_failure_names_the_object_and_says_what_to_do() {
        let point = Object::new(ObjectKind::Point, "berlin");
        let said = [
            (point.clone().not_found(), "there is no distribution point berlin", "choose one from `dray point list`"),
            (
                point.unresolved("assign the package to"),
                "cannot assign the package to the distribution point berlin: it does not exist",
                "create it first, or choose one from `dray point list`",
            ),
            (
                zip().expect_free(true).unwrap_err(),
                "cannot create the package zip: the name is taken",
                "choose another name, or change the package that has it",
            ),
            (
                zip().expect_revision(Some(2), 3).unwrap_err(),
                "cannot change the package zip: it is at revision 3, not 2",
                "look at the package again and repeat the change",
            ),
            (
                zip().expect_unused(vec![Object::new(ObjectKind::Advertisement, "zip-for-all")]).unwrap_err(),
                "cannot delete the package zip: it is used by the advertisement zip-for-all",
                "delete what uses it first",
            ),
        ];
        for (error, sentence, hint) in said {
            assert_eq!((error.to_string().as_str(), error.hint().as_deref()), (sentence, Some(hint)));
        }
    }

    #[test]
    fn what_is_as_expected_passes() {
        assert_eq!(zip().expect_free(false), Ok(()));
        assert_eq!((zip().expect_revision(None, 3), zip().expect_revision(Some(3), 3)), (Ok(()), Ok(())));
        assert_eq!(zip().expect_unused(Vec::new()), Ok(()));
    }
}
