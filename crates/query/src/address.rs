//! Network addresses and networks as text keys that sort byte by byte.
//!
//! A key is `4` and 8 hexadecimal digits, or `6` and 32, so a network is one range of keys. Keys are stored beside the
//! addresses in the database: their form is frozen. An IPv4 address mapped into IPv6 is the IPv4 address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The sortable key of an address in text form, or `None` for what is not an address. A zone (`%eth0`) is left out.
#[must_use]
pub fn ip_key(text: &str) -> Option<String> {
    let text = text.split_once('%').map_or(text, |(address, _zone)| address);
    text.parse::<IpAddr>().ok().map(key_of)
}

fn key_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("4{:08x}", v4.to_bits()),
        IpAddr::V6(v6) => format!("6{:032x}", v6.to_bits()),
    }
}

/// A text that is not an address or network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not an IPv4 or IPv6 address.
    #[error("{0:?} is not an IP address")]
    Address(String),
    /// Not an address, `/` and a prefix length that fits it.
    #[error("{0:?} is not a network in CIDR notation, like 10.1.0.0/16")]
    Network(String),
    /// Bits are set beyond the prefix.
    #[error("{given:?} has bits set beyond its prefix; the network is {network}")]
    HostBits {
        /// What was given.
        given: String,
        /// The network that holds it.
        network: String,
    },
}

/// An address constant of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ip {
    address: IpAddr,
    key: String,
}

impl Ip {
    /// Its key, as [`ip_key`] gives it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Ip {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let address: IpAddr = text.parse().map_err(|_| InvalidAddress::Address(text.to_owned()))?;
        Ok(Self { address, key: key_of(address) })
    }
}

impl TryFrom<String> for Ip {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl From<Ip> for String {
    fn from(ip: Ip) -> Self {
        ip.address.to_string()
    }
}

/// A network constant of a query, in CIDR notation with no bits beyond the prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u32,
    first_key: String,
    last_key: String,
}

impl Network {
    /// The key of its lowest address.
    #[must_use]
    pub fn first_key(&self) -> &str {
        &self.first_key
    }

    /// The key of its highest address.
    #[must_use]
    pub fn last_key(&self) -> &str {
        &self.last_key
    }

    fn new(address: IpAddr, prefix: u32) -> Option<Self> {
        let (first, last) = match address {
            IpAddr::V4(v4) if prefix <= 32 => {
                let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
                (IpAddr::V4((v4.to_bits() & !host).into()), IpAddr::V4((v4.to_bits() | host).into()))
            }
            IpAddr::V6(v6) if prefix <= 128 && v6.to_ipv4_mapped().is_none() => {
                let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
                (IpAddr::V6((v6.to_bits() & !host).into()), IpAddr::V6((v6.to_bits() | host).into()))
            }
            _ => return None,
        };
        Some(Self { address: first, prefix, first_key: network_key(first), last_key: network_key(last) })
    }
}

/// The key of an end of a network: without [`key_of`]'s canonical form, so that the ends stay in the network's family.
fn network_key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("4{:08x}", v4.to_bits()),
        IpAddr::V6(v6) => format!("6{:032x}", v6.to_bits()),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress::Network(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        if prefix.is_empty() || prefix.len() > 3 || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let network = Self::new(address, prefix.parse().map_err(|_| invalid())?).ok_or_else(invalid)?;
        if network.address != address {
            return Err(InvalidAddress::HostBits { given: text.to_owned(), network: network.to_string() });
        }
        Ok(network)
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(network: &str, ip: &str) -> bool {
        let network: Network = network.parse().unwrap();
        let key = ip_key(ip).unwrap();
        network.first_key() <= key.as_str() && key.as_str() <= network.last_key()
    }

    #[test]
    fn a_network_is_a_range_of_keys() {
        assert!(holds("10.1.0.0/16", "10.1.255.255") && holds("10.1.0.0/16", "10.1.0.0"));
        assert!(!holds("10.1.0.0/16", "10.2.0.0") && !holds("10.1.0.0/16", "10.0.255.255"));
        assert!(holds("0.0.0.0/0", "255.255.255.255") && holds("192.0.2.7/32", "192.0.2.7"));
        assert!(holds("fe80::/10", "fe80::1%eth0") && !holds("fe80::/10", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1") && !holds("::/0", "10.1.2.3"));
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_address() {
        assert_eq!(ip_key("::ffff:10.1.2.3"), ip_key("10.1.2.3"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "10.1.0.0",
            "10.1.0.0/",
            "10.1.0.0/33",
            "::/129",
            "10.1/16",
            "10.1.0.0/+8",
            "::ffff:10.0.0.0/104",
            "a/8",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(InvalidAddress::Network(bad.to_owned())));
        }
        let network = "10.1.0.0/16".to_owned();
        assert_eq!(
            "10.1.2.3/16".parse::<Network>(),
            Err(InvalidAddress::HostBits { given: "10.1.2.3/16".into(), network })
        );
    }

    proptest! {
        #[test]
        fn keys_sort_like_addresses(a in any::<u32>(), b in any::<u32>(), c in any::<u128>(), d in any::<u128>()) {
            let v4 = |bits: u32| ip_key(&std::net::Ipv4Addr::from_bits(bits).to_string()).unwrap();
            prop_assert_eq!(v4(a).cmp(&v4(b)), a.cmp(&b));
            let (c, d) = (c | 1 << 127, d | 1 << 127); // outside the mapped range
            let v6 = |bits: u128| ip_key(&std::net::Ipv6Addr::from_bits(bits).to_string()).unwrap();
            prop_assert_eq!(v6(c).cmp(&v6(d)), c.cmp(&d));
        }

        #[test]
        fn no_text_panics(text in "[0-9a-f.:/%]{0,24}") {
            let _ = (ip_key(&text), text.parse::<Network>(), text.parse::<Ip>());
        }
    }
}
