//! `cargo xtask tidy`: rules of the house that no compiler checks.
//!
//! Who may import whom is the table in [`imports`], and what a program may not link at all in [`links`]; the map is `docs/architecture.md`; [`files`] has the rules for every file, and [`english`] those for the text in them.

mod english;
mod files;
mod imports;
mod links;
mod map;
mod profiles;

use anyhow::bail;

pub(crate) fn tidy() -> anyhow::Result<()> {
    let workspace = imports::Workspace::read()?;
    let mut faults = imports::check(&workspace);
    faults.extend(links::check()?);
    faults.extend(profiles::check()?);
    faults.extend(map::check(&workspace)?);
    faults.extend(files::check()?);
    faults.extend(english::check()?);
    if faults.is_empty() {
        eprintln!("tidy: imports, links, profiles, map, files and English are in order");
        return Ok(());
    }
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    bail!("tidy found {} {}", faults.len(), if faults.len() == 1 { "fault" } else { "faults" })
}
