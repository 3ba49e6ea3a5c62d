//! The audit log.

use dray_model::api::audit::AuditRecord;

use super::{Pages, SiteApi, path};

impl SiteApi {
    /// The audit log, the newest record first.
    pub fn audit(&self) -> Pages<'_, AuditRecord> {
        self.pages(path("/audit"))
    }
}
