//! What handlers share.

use dray_site::Site;

/// The state of both routers.
#[derive(Clone)]
pub struct Api {
    pub(crate) site: Site,
}
