//! Why a program is or is not on a device: the whole chain, from membership to result, link by link.
//!
//! The answer comes from what the site knows: its own objects, the device's facts and what the device reported. The agent answers
//! the same question from what it knows itself (`dray-agent why`).

mod chain;
mod condition;
mod program;
mod scene;

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::why::Why;
use dray_model::excerpt::quoted;
use dray_store::advertisement;

use self::scene::Scene;
use crate::actor::{Actor, Permission};
use crate::device::{self, DeviceError};
use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::policy::PolicyError;
use crate::site::Site;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// No package and no program of this name.
    #[error("there is no program {}", quoted(.0))]
    NotFound(String),
    /// The package has no such program.
    #[error("the package {package} has no program {program}")]
    NoProgram {
        /// The package.
        package: Name,
        /// The program.
        program: String,
        /// Those that it has.
        programs: Vec<Name>,
    },
    /// Several programs may be meant.
    #[error("{} may mean {}", quoted(text), candidates.join(" or "))]
    Ambiguous {
        /// What was asked.
        text: String,
        /// What it may mean, like `zip/install`.
        candidates: Vec<String>,
    },
    /// The device's policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(WhyError);

impl Failure for WhyError {
    codes! {
        via Device(DeviceError), Policy(PolicyError), Site(SiteError);
        Self::NotFound(_) | Self::NoProgram { .. } => Absent "no_program",
        Self::Ambiguous { .. } => Invalid "ambiguous_program",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Device(error) => error.hint(),
            Self::NotFound(_) => Some("give PACKAGE/PROGRAM; list the packages with dray package list".to_owned()),
            Self::NoProgram { programs, .. } if programs.is_empty() => Some("it has no programs".to_owned()),
            Self::NoProgram { programs, .. } => {
                let names: Vec<_> = programs.iter().map(Name::as_str).collect();
                Some(format!("it has {}", names.join(", ")))
            }
            Self::Ambiguous { .. } => Some("give one of them as PACKAGE/PROGRAM".to_owned()),
            Self::Policy(error) => error.hint(),
            Self::Site(error) => error.hint(),
        }
    }
}

/// Why `program` is or is not on the device with this name or id. `program` is `PACKAGE/PROGRAM`, the name of a package with one
/// program, or the name of a program that one package has.
///
/// # Errors
/// [`WhyError::Device`], [`WhyError::NotFound`], [`WhyError::NoProgram`], [`WhyError::Ambiguous`].
pub async fn why(site: &Site, actor: &Actor, device: &Name, program: &str) -> Result<Why, WhyError> {
    let device = device::find_without_facts(site, actor, device).await?;
    let current = match crate::policy::one(site, device.id).await {
        Ok(computed) => Some(computed),
        Err(PolicyError::NotEnrolled(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Device)).await?;
    let (package, program) = program::resolve(&mut snapshot, program).await?;
    let advertisements = advertisement::of_package(&mut snapshot, &package.name).await?;
    let scene = Scene::load(site, &mut snapshot, device, package, &program, current).await?;
    let mut chains = Vec::new();
    for advertisement in advertisements.iter().filter(|one| one.terms.program == program) {
        chains.push(chain::chain(&scene, &mut snapshot, advertisement).await?);
    }
    let answer = Why::answer_in(&chains).map_or_else(
        || format!("the program {program} of the package {} is not advertised to anybody", scene.package.name),
        str::to_owned,
    );
    Ok(Why { device: scene.device.name, package: scene.package.name, program, answer, chains })
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
