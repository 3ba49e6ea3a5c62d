//! How long work reports how far it is. Libraries report, programs draw.

/// Told about progress, possibly from several threads. Every method has a default that does nothing.
pub trait Progress: Send + Sync {
    /// The whole of the work, once it is known.
    fn total(&self, files: u64, bytes: u64) {
        let _ = (files, bytes);
    }

    /// This much more is done.
    fn advance(&self, files: u64, bytes: u64) {
        let _ = (files, bytes);
    }

    /// Asked between pieces of work; `true` stops it with an error and cleans up.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Reports to nobody.
impl Progress for () {}
