//! Physical memory: the first line of `/proc/meminfo`.

/// Physical memory in bytes.
pub(super) fn bytes() -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_in_bytes() {
        assert_eq!(parse("MemTotal:       24576000 kB\nMemFree:  1 kB\n"), Some(24_576_000 * 1024));
        assert_eq!(parse("MemFree: 1 kB\n"), None);
        assert_eq!(parse(&format!("MemTotal: {} kB", u64::MAX)), None);
    }
}
