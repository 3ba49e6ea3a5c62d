//! Addresses of distribution points: `https://HOST[:PORT]` and nothing else, so that every object's address follows from it.

use dray_trust::Address;

use super::PointError;

/// Longest address in characters: a DNS name has at most 253.
const URL_MAX: usize = 300;
/// Port of an address that names none.
const DEFAULT_PORT: u16 = 443;

/// The address without a slash at its end, with its port.
pub(super) fn check(url: &str) -> Result<String, PointError> {
    let invalid = |reason| PointError::Url { url: url.chars().take(URL_MAX).collect(), reason };
    if url.len() > URL_MAX {
        return Err(invalid("it is too long"));
    }
    let rest = url.strip_prefix("https://").ok_or_else(|| invalid("it does not begin with https://"))?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return Err(invalid("it contains more than host and port"));
    }
    let (host, port) = split(authority);
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| invalid("the port is not a number"))?,
        None => DEFAULT_PORT,
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<Address>().map_err(|_| invalid("the host is neither a DNS name nor an IP address"))? {
        Address::Ip(address) if address.is_ipv6() && bare == host => {
            Err(invalid("an IPv6 address must be in brackets"))
        }
        Address::Ip(address) if address.is_unspecified() => Err(invalid("nobody can connect to this address")),
        _ => Ok(format!("https://{}:{port}", host.to_ascii_lowercase())),
    }
}

/// Host and port; an IPv6 address stands in brackets.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && (host.ends_with(']') || !host.contains(':')) => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_enough_and_all() {
        for (given, kept) in [
            ("https://point.example", "https://point.example:443"),
            ("https://Point.example:8443/", "https://point.example:8443"),
            ("https://192.0.2.7:8443", "https://192.0.2.7:8443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]:443"),
        ] {
            assert_eq!(check(given).unwrap(), kept);
        }
        for bad in [
            "",
            "http://a.example",
            "https://",
            "https://:443",
            "https://a.example/v1",
            "https://u@a.example",
            "https://a.example:0",
            "https://a.example:99999",
            "https://a.example?x",
            "https://2001:db8::1",
            "https://0.0.0.0:1",
            "https://a b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&format!("https://{}", "a".repeat(1000))).is_err());
    }
}
