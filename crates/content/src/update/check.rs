//! What makes an update consistent: every content that the holder of `from` lacks is built exactly once, from bytes that are there.
//!
//! Written and read updates pass the same check, so an [`Update`] from here needs no further bounds checks.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use dray_model::Digest;

use super::numbering::{Numbering, numbers};
use super::{Forms, InvalidUpdate, Segment, Update, relocation};
use crate::manifest::PackInfo;
use crate::pack;

pub(super) fn check(update: &Update, numbering: &Numbering) -> Result<(), InvalidUpdate> {
    let lacking: HashSet<Digest> = numbering.wanted.iter().map(|(content, _)| *content).collect();
    for (content, _) in update.manifest.tree().contents() {
        if update.manifest.recipe(&content).is_some() && !lacking.contains(&content) {
            return Err(InvalidUpdate::Surplus(content));
        }
    }
    check_forms(update, numbering)?;
    check_places(&update.packs, &update.segments)?;
    check_bases(update, numbering)?;
    relocation::check(&update.relocations, &numbering.bases(&update.forms))?;
    check_outputs(update, numbering)
}

/// Each container is a content that may be opened, once and in the given order, and no form is mistaken for a content.
fn check_forms(update: &Update, numbering: &Numbering) -> Result<(), InvalidUpdate> {
    let Forms { bases, containers } = &update.forms;
    let mut names: HashSet<Digest> = numbering.base.iter().chain(&numbering.wanted).map(|(name, _)| *name).collect();
    let (held, lacking) = (numbers(&numbering.base), numbers(&numbering.wanted));
    let mut next = 0;
    for base in bases {
        let number = held.get(&base.content()).copied().filter(|number| *number >= next);
        let fits = |number: &usize| numbering.base[*number].1 == base.layout().stored_length();
        let number = number.filter(fits).filter(|_| names.insert(base.form()));
        next = number.ok_or(InvalidUpdate::Container(base.content()))? + 1;
    }
    next = 0;
    for container in containers {
        let number = lacking.get(&container.content()).copied().filter(|number| *number >= next);
        let fits = |number: &usize| numbering.wanted[*number].1 == container.layout().stored_length();
        let is_built = update.manifest.recipe(&container.content()).is_none();
        let is_lent = container.lender().is_none_or(|lender| held.contains_key(&lender));
        let number = number.filter(fits).filter(|_| is_built && is_lent && names.insert(container.form()));
        next = number.ok_or(InvalidUpdate::Container(container.content()))? + 1;
    }
    Ok(())
}

/// Differences that are carried come first; the others lie in their packs in ascending order without overlap.
fn check_places(packs: &[PackInfo], segments: &[Segment]) -> Result<(), InvalidUpdate> {
    let mut seen = HashSet::with_capacity(packs.len());
    if let Some(twice) = packs.iter().find(|pack| !seen.insert(pack.digest)) {
        return Err(InvalidUpdate::PackTwice(twice.digest));
    }
    let mut free = (0, pack::HEADER_BYTES);
    let carried = segments.iter().take_while(|segment| segment.packed().is_none()).count();
    for segment in &segments[carried..] {
        let at = segment.packed().ok_or_else(|| InvalidUpdate::Stored(segment.place.digest()))?;
        let end = at.offset.checked_add(at.length.into());
        let space = packs.get(at.pack as usize).map(|pack| pack.size.saturating_sub(pack::trailer_bytes(1)));
        let fits = end.zip(space).filter(|(end, space)| end <= space && at.offset >= pack::HEADER_BYTES);
        let (end, _) = fits.ok_or(InvalidUpdate::Stored(at.digest))?;
        if at.length == 0 || (at.pack, at.offset) < free {
            return Err(InvalidUpdate::Stored(at.digest));
        }
        free = (at.pack, end);
    }
    Ok(())
}

fn check_bases(update: &Update, numbering: &Numbering) -> Result<(), InvalidUpdate> {
    let sizes: HashMap<Digest, u64> = numbering.bases(&update.forms).into_iter().collect();
    for segment in &update.segments {
        let mut total = 0u64;
        for part in &segment.base {
            let size = sizes.get(&part.content).copied().unwrap_or(0);
            let end = part.offset.checked_add(part.length);
            let sum = total.checked_add(part.length);
            let fits = part.length > 0 && end.is_some_and(|end| end <= size);
            total = sum.filter(|_| fits).ok_or(InvalidUpdate::Base(part.content))?;
        }
    }
    Ok(())
}

fn check_outputs(update: &Update, numbering: &Numbering) -> Result<(), InvalidUpdate> {
    let wanted = numbering.wanted.iter().copied().collect();
    let mut ranges: HashMap<Digest, Vec<Range<u64>>> = HashMap::new();
    for segment in &update.segments {
        if segment.output.is_empty() {
            return Err(InvalidUpdate::NoOutput(segment.place.digest()));
        }
        for part in &segment.output {
            let end = part.offset.checked_add(part.length.into()).filter(|end| *end > part.offset);
            let range = part.offset..end.ok_or(InvalidUpdate::Coverage(part.content))?;
            ranges.entry(part.content).or_default().push(range);
        }
        if segment.digest.is_none() != segment.is_whole(&wanted) {
            return Err(InvalidUpdate::Digest(segment.place.digest()));
        }
    }
    for (content, size) in numbering.built(&update.manifest, &update.forms) {
        let mut covered = ranges.remove(&content).unwrap_or_default();
        covered.sort_unstable_by_key(|range| range.start);
        let reached = covered.iter().try_fold(0, |at, range| (range.start == at).then_some(range.end));
        if reached != Some(size) {
            return Err(InvalidUpdate::Coverage(content));
        }
    }
    ranges.into_keys().min().map_or(Ok(()), |surplus| Err(InvalidUpdate::Surplus(surplus)))
}
