//! A plan in words.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use dray_model::Digest;
use dray_model::count::counted;

use super::{Plan, PlannedFile, Way};

pub(super) fn explain(plan: &Plan) -> String {
    let totals = &plan.totals;
    let count = |is: fn(&Way) -> bool| counted(plan.files.iter().filter(|file| is(&file.way)).count() as u64, "file");
    let packs: BTreeSet<_> = plan.fetch.iter().map(|range| range.pack).collect();
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        text.write_fmt(words).expect("a String takes everything");
        text.push('\n');
    };
    let files = counted(plan.want.tree().file_count(), "file");
    line(format_args!("content {}: {files}, {}", plan.content().short(), bytes(totals.whole_bytes)));
    let copied = count(|way| matches!(way, Way::Copy(_)));
    line(format_args!("  copied: {copied}, {}", bytes(totals.copied_bytes)));
    for tree in copied_from(plan) {
        line(format_args!("    from content {}", tree.short()));
    }
    if let Some(from) = plan.from {
        line(format_args!(
            "  built from content {} and {} of differences: {}, {}",
            from.short(),
            bytes(totals.segment_bytes),
            count(|way| *way == Way::Segments),
            bytes(totals.built_bytes)
        ));
    }
    line(format_args!(
        "  built from chunks: {}, {} of them from existing files",
        count(|way| *way == Way::Chunks),
        bytes(totals.reused_bytes)
    ));
    let everything = match plan.from {
        None => format!(" (all of it would be {})", bytes(totals.fetch_all_bytes)),
        Some(_) => String::new(),
    };
    line(format_args!(
        "  to download: {} in {} of {}{everything}",
        bytes(totals.fetch_bytes),
        counted(plan.fetch.len() as u64, "range"),
        counted(packs.len() as u64, "pack"),
    ));
    line(format_args!("  temporary space needed: {}", bytes(totals.disk_bytes)));
    text
}

fn copied_from(plan: &Plan) -> BTreeSet<Digest> {
    plan.files.iter().filter_map(PlannedFile::copy).map(|held| held.tree.0).collect()
}

/// One line for each file. A content with several paths is fetched for the first and copied for the others.
pub(super) fn explain_files(plan: &Plan) -> String {
    let shares = fetched_shares(plan);
    let mut rest: HashMap<Digest, &PlannedFile> = plan.files.iter().map(|file| (file.content, file)).collect();
    let mut text = String::new();
    for (path, file) in plan.want.tree().files() {
        let (way, fetched) = match rest.remove(&file.digest).map(|planned| &planned.way) {
            None => ("copy", 0.0),
            Some(Way::Copy(_)) => ("held", 0.0),
            Some(Way::Segments) => ("difference", shares[&file.digest]),
            Some(Way::Chunks) => ("chunks", shares[&file.digest]),
        };
        let (size, fetched) = (bytes(file.size), bytes(fetched as u64));
        writeln!(text, "{way:<10} {size:>9} {fetched:>9}  {path}").expect("a String takes everything");
    }
    text
}

/// For each content that is not copied its share of the stored bytes to be fetched: what is stored for several is shared out by
/// the lengths that each takes.
fn fetched_shares(plan: &Plan) -> HashMap<Digest, f64> {
    let mut shares: HashMap<Digest, f64> = HashMap::new();
    for file in &plan.files {
        let mut share = 0.0;
        for piece in plan.want.recipe(&file.content).into_iter().flatten().filter(|_| file.way == Way::Chunks) {
            if !plan.held_chunks.contains_key(&piece.chunk) {
                let chunk = &plan.want.chunks()[piece.chunk as usize];
                share += f64::from(chunk.stored_length) * f64::from(piece.length) / f64::from(chunk.length);
            }
        }
        shares.insert(file.content, share);
    }
    let closed: HashMap<Digest, Digest> =
        plan.containers.iter().map(|planned| (planned.container.form(), planned.container.content())).collect();
    for segment in &plan.segments {
        let taken = segment.output.iter().map(|part| f64::from(part.length));
        let whole: f64 = taken.clone().sum();
        for (part, length) in segment.output.iter().zip(taken) {
            *shares.entry(closed.get(&part.content).copied().unwrap_or(part.content)).or_default() +=
                segment.range().map_or(0, |range| range.length) as f64 * length / whole;
        }
    }
    shares
}

/// A number of bytes with a decimal unit: 999 B, 1.5 kB, 2.0 GB.
fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_shown_with_one_decimal() {
        let shown = [0, 999, 1000, 1_549, 999_949, 999_951, 5_000_000_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "1.5 kB", "999.9 kB", "1.0 MB", "5.0 GB"]);
    }
}
