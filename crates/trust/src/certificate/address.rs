//! Addresses that a server's certificate is good for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::ServerName;

/// A DNS name or an IP address under which a server is reached. No port, no wildcard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A host name, in lower case.
    Dns(DnsName),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

/// A checked host name of at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// A text that is neither a host name nor an IP address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address; expected a host name or an IP address without a port")]
pub struct InvalidAddress(String);

impl DnsName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        match ServerName::try_from(text) {
            Ok(ServerName::IpAddress(ip)) => Ok(Self::Ip(ip.into())),
            Ok(ServerName::DnsName(name)) => Ok(Self::Dns(DnsName(name.to_lowercase_owned().as_ref().to_owned()))),
            _ => Err(InvalidAddress(text.chars().take(300).collect())),
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.pad(&name.0),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_addresses_are_told_apart() {
        assert_eq!("192.0.2.1".parse(), Ok(Address::Ip("192.0.2.1".parse().unwrap())));
        assert_eq!("2001:db8::1".parse(), Ok(Address::Ip("2001:db8::1".parse().unwrap())));
        assert_eq!("Site.Example".parse::<Address>().unwrap().to_string(), "site.example");
    }

    #[test]
    fn wildcards_ports_and_links_are_refused() {
        for bad in ["", "*", "*.example", "site.example:443", "https://site.example", "a b", "[::1]", "a..b", "-a"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_address_reads_back(text in "\\PC{0,40}|[a-z.:0-9-]{0,20}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}
