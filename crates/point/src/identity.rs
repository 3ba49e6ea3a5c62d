//! Who a point is: its certificate and key, and the site that it belongs to.
//!
//! One file, replaced as a whole, because a certificate is worth nothing without its key.

use std::path::{Path, PathBuf};

use dray_client::{BaseUrl, ClientApi, HttpClient, HttpLimits};
use dray_content::durable::{self, Readers};
use dray_model::Name;
use dray_trust::certificate::Validity;
use dray_trust::tls::TlsError;
use dray_trust::{ClientAuth, TlsSettings, certificate_validity};
use serde::{Deserialize, Serialize};

use crate::error::PointError;
use crate::folder::Folder;

/// The only form of the file so far.
const FORMAT: u32 = 1;

/// An enrolled point.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    format: u32,
    /// The site's address for clients.
    pub site_url: BaseUrl,
    /// The site's name.
    pub site: Name,
    /// The point's name.
    pub name: Name,
    /// The site's authority, PEM.
    pub authority: String,
    /// The point's certificate and the authority's, PEM.
    pub certificate: String,
    /// The key of the certificate, PEM.
    key: String,
}

impl Identity {
    pub(crate) fn new(
        site_url: BaseUrl,
        (site, name): (Name, Name),
        authority: String,
        certificate: String,
        key: String,
    ) -> Self {
        Self { format: FORMAT, site_url, site, name, authority, certificate, key }
    }

    /// Reads who the point in `folder` is; `None` when it was never enrolled.
    ///
    /// # Errors
    /// [`PointError::Folder`] or [`PointError::Damaged`].
    pub fn read(folder: &Path) -> Result<Option<Self>, PointError> {
        let path = path(folder);
        let read = durable::read(&path).map_err(PointError::folder("read", &path))?;
        let Some(bytes) = read else { return Ok(None) };
        let identity: Self = serde_json::from_slice(&bytes)
            .map_err(|error| PointError::Damaged { path: path.clone(), what: error.to_string() })?;
        if identity.format != FORMAT {
            let what = format!("its format is {}, but this version of Dray reads format {FORMAT}", identity.format);
            return Err(PointError::Damaged { path, what });
        }
        Ok(Some(identity))
    }

    pub(crate) fn write(&self, folder: &Folder) -> Result<(), PointError> {
        let path = path(folder.root());
        let bytes = serde_json::to_vec_pretty(self).expect("texts have a JSON form");
        durable::replace(&path, &bytes, Readers::Owner).map_err(PointError::folder("write", path))
    }

    /// The same point with another certificate and key.
    pub(crate) fn renewed(&self, certificate: String, key: String) -> Self {
        Self { certificate, key, ..self.clone() }
    }

    /// From when to when the certificate is good.
    ///
    /// # Errors
    /// [`PointError::Damaged`] when it is no certificate.
    pub fn validity(&self, folder: &Path) -> Result<Validity, PointError> {
        certificate_validity(&self.certificate)
            .map_err(|error| PointError::Damaged { path: path(folder), what: error.to_string() })
    }

    /// The site, asked as this point.
    ///
    /// # Errors
    /// [`PointError::Client`] when certificate and key can't be used.
    pub fn client(&self, limits: HttpLimits) -> Result<ClientApi, PointError> {
        let http = HttpClient::trusting(&self.authority, Some((&self.certificate, &self.key)), limits)?;
        Ok(ClientApi::new(self.site_url.clone(), http))
    }

    /// TLS for serving: callers must show a certificate of the same authority.
    ///
    /// # Errors
    /// [`TlsError`] when certificate and key can't be used.
    pub fn server(&self) -> Result<rustls::ServerConfig, TlsError> {
        let settings = TlsSettings::without_alpn().with_alpn([b"http/1.1".as_slice()]);
        dray_trust::server_config(
            &self.certificate,
            &self.key,
            &ClientAuth::Required(self.authority.clone()),
            &settings,
        )
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("site", &self.site).field("name", &self.name).finish_non_exhaustive()
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("identity").join("identity.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_whatever_version_enrolled() {
        let identity = serde_json::json!({
            "format": 1, "site_url": "https://dray.example.org:8441", "site": "main", "name": "berlin",
            "authority": "-----BEGIN CERTIFICATE-----", "certificate": "-----BEGIN CERTIFICATE-----",
            "key": "-----BEGIN PRIVATE KEY-----",
        });
        let identity: Identity = serde_json::from_value(identity).unwrap();
        dray_golden::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_VERSION"), "identity", &identity, &[]);
    }
}
