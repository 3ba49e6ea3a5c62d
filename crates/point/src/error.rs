//! Why a point can't be set up or can't go on. What passes by itself is never one of these: it is retried and reported.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use dray_client::ClientError;
use dray_client::client_api::EnrolError;
use dray_content::store::StoreError;
use dray_model::Name;

/// An error of a point.
#[derive(Debug, thiserror::Error)]
pub enum PointError {
    /// A file or folder of the point can't be used.
    #[error("cannot {action} {}", path.display())]
    Folder {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The objects in a folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process works on the folder.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The folder holds no identity yet.
    #[error("there is no enrolled point in {}; enrol it with a token first", .0.display())]
    NotEnrolled(PathBuf),
    /// The folder holds an identity already.
    #[error("{} is already the point {name} of {site}", path.display())]
    AlreadyEnrolled {
        /// The folder.
        path: PathBuf,
        /// The point that it is.
        name: Name,
        /// The site's address.
        site: String,
    },
    /// The site made us something else than a point.
    #[error("the site enrolled this as a device, not as a distribution point; use a token created with --point")]
    NotAPoint,
    /// The enrolment failed.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A file of the point holds something else than it should.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The port cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The identity can't be used for TLS.
    #[error("cannot use the point's certificate")]
    Tls(#[from] dray_trust::tls::TlsError),
    /// The identity can't be used towards the site.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl PointError {
    pub(crate) fn folder(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { action, path, source }
    }
}
