//! Network addresses of every interface but loopback, in a fixed order.

use dray_model::facts::Address;
use if_addrs::{IfAddr, get_if_addrs};

/// The addresses, at most `max`.
pub(super) fn all(max: usize) -> Vec<Address> {
    let interfaces = get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<_> = interfaces
        .into_iter()
        .filter(|interface| !interface.is_loopback())
        .map(|interface| {
            let (ip, prefix) = match interface.addr {
                IfAddr::V4(v4) => (v4.ip.to_string(), v4.prefixlen),
                IfAddr::V6(v6) => (v6.ip.to_string(), v6.prefixlen),
            };
            Address { interface: interface.name, ip, prefix }
        })
        .collect();
    addresses.sort_by(|a, b| (&a.interface, &a.ip).cmp(&(&b.interface, &b.ip)));
    addresses.truncate(max);
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_addresses_and_never_loopback() {
        for address in all(200) {
            let ip: std::net::IpAddr = address.ip.parse().unwrap();
            assert!(!ip.is_loopback() && address.prefix <= 128, "{address:?}");
        }
    }
}
