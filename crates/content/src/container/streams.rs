//! The streams of a file, with what tells which of another version belong to them.

use std::collections::BTreeSet;
use std::io;

use dray_model::Digest;

use super::section::Section;
use super::{Place, gzip, zip};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// A deflate stream of a file.
pub(super) struct Found {
    pub(super) place: Place,
    /// What a zip file calls it; in a gzip file its number.
    pub(super) name: String,
    /// Of its bytes as they are stored.
    pub(super) digest: Digest,
}

/// The streams of a file, in order; none when it is not a container.
pub(super) fn find(file: &(dyn ReadAt + Sync), limits: &Limits) -> io::Result<Vec<Found>> {
    let found = |(place, name)| Ok(Found { place, name, digest: digest(file, place)? });
    named(file, limits)?.into_iter().map(found).collect()
}

/// Where the streams of a file are.
pub(super) fn places(file: &(dyn ReadAt + Sync), limits: &Limits) -> io::Result<Vec<Place>> {
    Ok(named(file, limits)?.into_iter().map(|(place, _)| place).collect())
}

fn named(file: &(dyn ReadAt + Sync), limits: &Limits) -> io::Result<Vec<(Place, String)>> {
    let members = gzip::places(file, limits)?;
    if members.is_empty() {
        return zip::streams(file, limits);
    }
    Ok(members.into_iter().enumerate().map(|(number, place)| (place, number.to_string())).collect())
}

/// The places of those whose digest is not in `keep`.
pub(super) fn without(streams: &[Found], keep: &BTreeSet<Digest>) -> Vec<Place> {
    streams.iter().filter(|stream| !keep.contains(&stream.digest)).map(|stream| stream.place).collect()
}

fn digest(file: &(dyn ReadAt + Sync), place: Place) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut Section::new(file, place), &mut hasher)?;
    Ok(Digest::from_bytes(*hasher.finalize().as_bytes()))
}
