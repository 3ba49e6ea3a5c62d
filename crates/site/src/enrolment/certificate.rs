//! What certificates devices and distribution points get.

use std::time::Duration;

use dray_model::{DeviceId, Name};
use dray_store::{Snapshot, point};
use dray_trust::Address;
use dray_trust::certificate::{BACKDATING, Identity, IssuedCertificate};

use super::EnrolmentError;
use crate::admission::Credential;
use crate::site::Site;

/// How long a certificate is good: 30 days. It is renewed after half of that, so a member may be away for two weeks; after a
/// longer absence it enrols again.
pub const CERTIFICATE_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A certificate and its authority's, PEM, for a device, and as what the device is known by it.
pub(super) fn for_device(site: &Site, csr: &str, id: DeviceId) -> Result<(String, Credential), EnrolmentError> {
    let identity = Identity::Device(id);
    let issued = issue(site, csr, &identity, &[])?;
    let issued_at = issued.validity.not_before + BACKDATING;
    Ok((issued.chain_pem, Credential { identity, issued_at }))
}

/// The same for a distribution point, good for the host in its address. `None` when there is no such point.
pub(super) async fn for_point(
    site: &Site,
    snapshot: &mut Snapshot,
    csr: &str,
    name: &Name,
) -> Result<Option<String>, EnrolmentError> {
    let Some(point) = point::find(snapshot, name).await? else { return Ok(None) };
    let addresses: Vec<Address> = host(&point.url).and_then(|host| host.parse().ok()).into_iter().collect();
    let issued = issue(site, csr, &Identity::Point(name.clone()), &addresses)?;
    Ok(Some(issued.chain_pem))
}

fn issue(
    site: &Site,
    csr: &str,
    subject: &Identity,
    addresses: &[Address],
) -> Result<IssuedCertificate, EnrolmentError> {
    Ok(site.keys().authority().issue(csr, subject, addresses, CERTIFICATE_LIFE, site.now())?)
}

/// The host of `https://HOST:PORT`, without the brackets of an IPv6 address.
fn host(url: &str) -> Option<&str> {
    let (host, _) = url.strip_prefix("https://")?.rsplit_once(':')?;
    Some(host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_the_certificate_is_for() {
        assert_eq!(host("https://point.example:8443"), Some("point.example"));
        assert_eq!(host("https://[2001:db8::1]:443"), Some("2001:db8::1"));
        assert_eq!(host("point.example"), None);
    }
}
