//! Which operating system: `os-release` (`os-release(5)` of systemd).

/// The parts that are facts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OsRelease {
    pub(super) id: Option<String>,
    pub(super) version_id: Option<String>,
}

/// Reads the system's own; empty where there is none.
pub(super) fn read() -> OsRelease {
    let text = ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| std::fs::read_to_string(path).ok());
    text.map(|text| parse(&text)).unwrap_or_default()
}

fn parse(text: &str) -> OsRelease {
    let mut found = OsRelease::default();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once('=') else { continue };
        let value = Some(unquote(value)).filter(|value| !value.is_empty());
        match key {
            "ID" => found.id = value,
            "VERSION_ID" => found.version_id = value,
            _ => {}
        }
    }
    found
}

fn unquote(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value).replace('\\', "").chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_version_are_read_with_and_without_quotes() {
        let debian =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nID=debian\n";
        assert_eq!(parse(debian), OsRelease { id: Some("debian".into()), version_id: Some("12".into()) });
        let rhel = "ID='rhel'\nID_LIKE=\"fedora\"\nVERSION_ID=9.4\n# comment\nbroken";
        assert_eq!(parse(rhel), OsRelease { id: Some("rhel".into()), version_id: Some("9.4".into()) });
        assert_eq!(parse("ID=arch\nVERSION_ID=\n"), OsRelease { id: Some("arch".into()), version_id: None });
    }
}
