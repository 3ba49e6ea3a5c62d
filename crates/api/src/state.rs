//! What handlers share.

use std::sync::Arc;

use dray_site::Site;

use crate::rate::Rate;

/// The state of both routers.
#[derive(Clone)]
pub struct Api {
    pub(crate) site: Site,
    /// How often each caller of this router may ask.
    pub(crate) rate: Arc<Rate>,
}
