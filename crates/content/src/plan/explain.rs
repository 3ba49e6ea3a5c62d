//! A plan in words.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Plan;

pub(super) fn explain(plan: &Plan) -> String {
    let totals = &plan.totals;
    let copied = plan.files.iter().filter(|file| file.copy.is_some()).count();
    let packs: BTreeSet<_> = plan.fetch.iter().map(|range| range.pack).collect();
    let trees: BTreeSet<_> = plan.files.iter().filter_map(|file| file.copy.as_ref()).map(|held| held.tree).collect();
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        text.write_fmt(words).expect("a String takes everything");
        text.push('\n');
    };
    let files = plan.want.tree().file_count();
    line(format_args!("content {}: {files} files, {}", plan.content().short(), bytes(totals.whole_bytes)));
    line(format_args!("  copied as they are: {copied} files, {}", bytes(totals.copied_bytes)));
    for tree in trees {
        line(format_args!("    from held content {}", tree.0.short()));
    }
    line(format_args!(
        "  built from chunks: {} files, of which {} are in held files",
        plan.files.len() - copied,
        bytes(totals.reused_bytes)
    ));
    line(format_args!(
        "  fetched: {} in {} ranges of {} packs (everything would be {})",
        bytes(totals.fetch_bytes),
        plan.fetch.len(),
        packs.len(),
        bytes(totals.fetch_all_bytes)
    ));
    line(format_args!("  space needed while building: {}", bytes(totals.disk_bytes)));
    text
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
