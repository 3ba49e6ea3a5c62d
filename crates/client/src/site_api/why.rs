//! Why a program is or is not installed on a device.

use dray_model::Name;
use dray_model::api::why::Why;

use super::{SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// The whole chain for `program` on `device`: `package/program`, or a program's or package's name alone where it is clear.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn why(&self, device: &Name, program: &str) -> Result<Why, ClientError> {
        self.get(path("/why").query("device", device).query("program", program)).await
    }
}
