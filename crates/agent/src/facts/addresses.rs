//! Network addresses of every interface but loopback, in a fixed order.

use dray_model::facts::Table;
use dray_model::{class, property};
use if_addrs::{IfAddr, get_if_addrs};

/// The addresses, as many as the catalogue takes.
pub(super) fn all() -> Table {
    let interfaces = get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<_> = interfaces
        .into_iter()
        .filter(|interface| !interface.is_loopback())
        .map(|interface| {
            let (ip, prefix) = match interface.addr {
                IfAddr::V4(v4) => (v4.ip.to_string(), v4.prefixlen),
                IfAddr::V6(v6) => (v6.ip.to_string(), v6.prefixlen),
            };
            (interface.name, ip, prefix)
        })
        .collect();
    addresses.sort();
    let mut table = Table::new(class!("addresses"));
    for (interface, ip, prefix) in addresses.into_iter().take(table.class().info().rows_max) {
        table.push([
            (property!("addresses.interface"), Some(interface.into())),
            (property!("addresses.ip"), Some(ip.into())),
            (property!("addresses.prefix"), Some(u32::from(prefix).into())),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_addresses_and_never_loopback() {
        for address in all().rows() {
            let ip: std::net::IpAddr = address.text(property!("addresses.ip")).unwrap().parse().unwrap();
            let prefix = address.integer(property!("addresses.prefix")).unwrap();
            assert!(!ip.is_loopback() && prefix <= 128, "{address:?}");
        }
    }
}
