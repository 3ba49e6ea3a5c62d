//! The server's one clock. Everything else takes the time from [`Site::now`](crate::Site::now).

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use dray_model::Timestamp;

/// Tells the time. Tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system() -> Clock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place where the server reads the machine's clock")]
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    })
}
