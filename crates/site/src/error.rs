//! The shape that all failures of operations share: a stable code for programs, a class, a hint for people.
//!
//! Each resource has its own enum; what can happen to all of them is [`SiteError`]. The API maps classes to HTTP statuses in
//! one place, so no operation knows about HTTP.

use dray_model::Name;
use dray_model::access::Grant;
use dray_store::{ErrorClass, StoreError};

use crate::actor::Permission;

/// What kind of failure it is, which decides what the caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The command makes no sense, whatever the site holds.
    Invalid,
    /// Nobody known asks.
    Unauthenticated,
    /// The one who asks may not.
    Denied,
    /// What the request is about doesn't exist.
    Absent,
    /// Something else that the command names doesn't exist.
    Unresolved,
    /// It collides with what is there.
    Conflict,
    /// What the caller saw has changed meanwhile.
    Stale,
    /// More than is allowed.
    TooLarge,
    /// The same caller asked too often.
    Throttled,
    /// The same may work in a while.
    Busy,
    /// Our fault.
    Internal,
}

/// A failure that can be reported to the caller.
///
/// Write `code`, `class` and `codes` with [`codes!`]: one table, from which the API's description is made too.
pub trait Failure: std::error::Error + Send + Sync + 'static {
    /// Every code that a failure of this type can have, with its class.
    fn codes() -> Vec<(&'static str, Class)>
    where
        Self: Sized;

    /// A stable word for programs, like `name_taken`.
    fn code(&self) -> &'static str;

    /// What kind of failure it is.
    fn class(&self) -> Class;

    /// What to do about it, where we know.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The bytes of the expression or command line that it is about, where one was refused.
    fn span(&self) -> Option<std::ops::Range<usize>> {
        None
    }
}

/// What can happen to any operation.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The actor has no right to do this.
    #[error("{actor} may not {permission}")]
    Denied {
        /// Who.
        actor: String,
        /// What.
        permission: Permission,
    },
    /// The actor may do this to some objects only.
    #[error("{actor} may {permission} only within the scope {scope}, and this affects objects outside it")]
    OutOfScope {
        /// Who.
        actor: String,
        /// What.
        permission: Permission,
        /// Where it may.
        scope: Name,
    },
    /// The actor would grant a right that it doesn't have.
    #[error("{actor} cannot grant {grant} without having it")]
    Beyond {
        /// Who.
        actor: String,
        /// What.
        grant: Grant,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content store.
    #[error("cannot {doing} in the content store")]
    Content {
        /// What was attempted.
        doing: &'static str,
        /// What stood in the way.
        #[source]
        source: object_store::Error,
    },
}

impl Failure for SiteError {
    fn codes() -> Vec<(&'static str, Class)> {
        vec![
            ("denied", Class::Denied),
            ("out_of_scope", Class::Denied),
            ("beyond_own_rights", Class::Denied),
            ("disk_full", Class::Busy),
            ("conflict", Class::Conflict),
            ("busy", Class::Busy),
            ("corrupt_data", Class::Internal),
            ("internal", Class::Internal),
            ("content_store", Class::Busy),
        ]
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::OutOfScope { .. } => "out_of_scope",
            Self::Beyond { .. } => "beyond_own_rights",
            Self::Store(StoreError::Full { .. }) => "disk_full",
            Self::Store(error) => match error.class() {
                ErrorClass::Conflict => "conflict",
                ErrorClass::Retryable => "busy",
                ErrorClass::Corrupt => "corrupt_data",
                ErrorClass::Permanent => "internal",
            },
            Self::Content { .. } => "content_store",
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Denied { .. } | Self::OutOfScope { .. } | Self::Beyond { .. } => Class::Denied,
            Self::Store(error) => match error.class() {
                ErrorClass::Conflict => Class::Conflict,
                ErrorClass::Retryable => Class::Busy,
                ErrorClass::Corrupt | ErrorClass::Permanent => Class::Internal,
            },
            Self::Content { .. } => Class::Busy,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Denied { permission, .. } => Some(format!("use a token with a role that may {permission}")),
            Self::OutOfScope { .. } => Some("use a token that is not limited to a scope".to_owned()),
            Self::Beyond { .. } => Some("ask an administrator who has this right".to_owned()),
            Self::Store(StoreError::Full { .. }) => {
                Some("free some space on the disk with the site's database".to_owned())
            }
            Self::Store(error) if error.class() == ErrorClass::Retryable => Some("try again in a moment".to_owned()),
            _ => None,
        }
    }
}

/// Writes `codes`, `code` and `class` of an error enum's [`Failure`] from one table. Variants after `via` hold another failure and
/// answer as that does.
macro_rules! codes {
    (via $($variant:ident($inner:ty)),+; $($pattern:pat => $class:ident $code:literal),* $(,)?) => {
        $crate::error::codes! { @ [$($variant($inner)),+] $($pattern => $class $code),* }
    };
    (@ [$($variant:ident($inner:ty)),*] $($pattern:pat => $class:ident $code:literal),*) => {
        fn codes() -> Vec<(&'static str, $crate::Class)> {
            let own: Vec<(&'static str, $crate::Class)> = vec![$(($code, $crate::Class::$class)),*];
            [own, $(<$inner as $crate::Failure>::codes()),*].concat()
        }

        fn code(&self) -> &'static str {
            match self {
                $($pattern => $code,)*
                $(Self::$variant(error) => $crate::Failure::code(error),)*
            }
        }

        fn class(&self) -> $crate::Class {
            match self {
                $($pattern => $crate::Class::$class,)*
                $(Self::$variant(error) => $crate::Failure::class(error),)*
            }
        }
    };
    ($($pattern:pat => $class:ident $code:literal),+ $(,)?) => {
        $crate::error::codes! { @ [] $($pattern => $class $code),+ }
    };
}

/// Gives an operation's error enum `From<StoreError>` by way of its `Site(SiteError)` variant, so that `?` works on statements.
macro_rules! from_store_error {
    ($error:ty) => {
        impl From<dray_store::StoreError> for $error {
            fn from(error: dray_store::StoreError) -> Self {
                Self::Site(error.into())
            }
        }
    };
}

pub(crate) use {codes, from_store_error};
