//! Packages: what administrators say of software, its source folder and its programs.
//!
//! A package is what people edit; a [`release`](crate::release) is what clients act on. Every change that clients must see is
//! published as a release in the same transaction, or by the [`Publish`] job when source files have to be read.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod delete;
mod improve;
mod list;
mod program;
mod publish;
mod source;
mod update;

use std::ops::Range;
use std::path::PathBuf;

use dray_model::program::InvalidQuoting;
use dray_model::{Name, ObjectKind, excerpt};

pub use change::change;
pub use create::create;
pub use delete::delete;
pub use improve::improve;
pub use list::{find, list, points, releases, updates};
pub(crate) use publish::{KNOWN_VERSIONS, index};
pub use publish::{Publish, PublishPackage};
pub use update::update;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};
use crate::release::ReleaseError;

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Package, name)
}

/// Why an operation on packages failed.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// More programs than a package may have.
    #[error("cannot save {0} programs in one package: the limit is {max}", max = program::PROGRAMS_MAX)]
    TooManyPrograms(usize),
    /// Two programs of one name.
    #[error("cannot save two programs called {0} in one package")]
    ProgramTwice(Name),
    /// A requirement or detection is no expression of the collection language.
    #[error("cannot use the {field} of the program {program}: {explanation}")]
    Expression {
        /// The program.
        program: Name,
        /// `requirement` or `detect`.
        field: &'static str,
        /// What is wrong, in lines that show the place.
        explanation: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A command line that no agent could split into words.
    #[error("cannot use the command of the program {program}: {reason}\n{}", excerpt::marked(command, &reason.span()))]
    Command {
        /// The program.
        program: Name,
        /// The command line.
        command: String,
        /// What is wrong with it.
        reason: InvalidQuoting,
    },
    /// A source folder that isn't given as an absolute path.
    #[error("{} is not a source folder; give an absolute path on the site server", excerpt::quoted(.0))]
    SourceRelative(String),
    /// A source folder that doesn't exist, or is something else.
    #[error("cannot use {} as a source folder: {reason}", path.display())]
    SourceUnusable {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// There is no source to read.
    #[error("cannot update the package {0}: it has no source folder")]
    NoSource(Name),
    /// There are no files to bring anywhere.
    #[error("cannot improve the updates of the package {0}: it has no published content")]
    NoContent(Name),
    /// Its release.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(PackageError);

impl Failure for PackageError {
    codes! {
        via Object(ObjectError), Release(ReleaseError), Site(SiteError);
        Self::TooManyPrograms(_) => Invalid "too_many_programs",
        Self::ProgramTwice(_) => Invalid "program_twice",
        Self::Expression { .. } => Invalid "invalid_expression",
        Self::Command { .. } => Invalid "invalid_command",
        Self::SourceRelative(_) | Self::SourceUnusable { .. } => Invalid "invalid_source",
        Self::NoSource(_) => Conflict "no_source",
        Self::NoContent(_) => Conflict "no_content",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::SourceRelative(_) | Self::SourceUnusable { .. } => {
                "the folder must be readable on the site server, not on the machine that this request came from"
            }
            Self::NoSource(_) => "give it a source folder first",
            Self::NoContent(_) => "give it a source folder, and wait until its first release is published",
            Self::Expression { hint, .. } => return hint.clone(),
            Self::Command { .. } => "close the quote, or put a backslash before a quote that is part of the text",
            Self::Object(error) => return error.hint(),
            Self::Release(error) => return error.hint(),
            Self::Site(error) => return error.hint(),
            Self::TooManyPrograms(_) | Self::ProgramTwice(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::Command { reason, .. } => Some(reason.span()),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
