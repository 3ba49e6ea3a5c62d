//! Which program a text means.

use dray_model::Name;
use dray_model::api::package::PackageView;
use dray_store::{Snapshot, advertisement, package};

use super::WhyError;

/// The package and the program that the text means; also one that the package lost and that is still advertised.
pub(super) async fn resolve(snapshot: &mut Snapshot, text: &str) -> Result<(PackageView, Name), WhyError> {
    let not_found = || WhyError::NotFound(text.to_owned());
    if let Some((package, program)) = text.split_once('/') {
        let package = package.parse().map_err(|_| not_found())?;
        let found = package::find(snapshot, &package).await?.ok_or_else(not_found)?;
        return of_package(snapshot, found, program).await;
    }
    let name: Name = text.parse().map_err(|_| not_found())?;
    if let Some(found) = package::find(snapshot, &name).await? {
        return only_program(found, text);
    }
    let packages = package::with_program(snapshot, &name).await?;
    match packages.as_slice() {
        [] => Err(not_found()),
        [one] => Ok((package::find(snapshot, one).await?.ok_or_else(not_found)?, name)),
        several => Err(WhyError::Ambiguous {
            text: text.to_owned(),
            candidates: several.iter().map(|package| format!("{package}/{name}")).collect(),
        }),
    }
}

async fn of_package(
    snapshot: &mut Snapshot,
    package: PackageView,
    program: &str,
) -> Result<(PackageView, Name), WhyError> {
    if let Ok(name) = program.parse() {
        let has = package.programs.iter().any(|program| program.name == name);
        let advertised = advertisement::of_package(snapshot, &package.name).await?;
        if has || advertised.iter().any(|one| one.terms.program == name) {
            return Ok((package, name));
        }
    }
    Err(no_program(&package, program))
}

fn only_program(package: PackageView, text: &str) -> Result<(PackageView, Name), WhyError> {
    match package.programs.as_slice() {
        [] => Err(no_program(&package, text)),
        [one] => {
            let name = one.name.clone();
            Ok((package, name))
        }
        several => Err(WhyError::Ambiguous {
            text: text.to_owned(),
            candidates: several.iter().map(|program| format!("{}/{}", package.name, program.name)).collect(),
        }),
    }
}

fn no_program(package: &PackageView, program: &str) -> WhyError {
    WhyError::NoProgram {
        package: package.name.clone(),
        program: program.to_owned(),
        programs: package.programs.iter().map(|program| program.name.clone()).collect(),
    }
}
