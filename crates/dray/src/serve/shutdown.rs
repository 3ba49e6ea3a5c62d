//! When a service is told to end.

use crate::error::{Failure, Outcome};

/// Waits for SIGTERM or SIGINT (Ctrl-C). From here on the signals don't end the process by themselves.
pub(crate) async fn requested() -> Outcome<&'static str> {
    let watch = |error: std::io::Error| Failure::failed("cannot watch for signals").because(&error);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(watch)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(watch)?;
        tokio::select! {
            _ = terminate.recv() => Ok("SIGTERM"),
            _ = interrupt.recv() => Ok("SIGINT"),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C").map_err(watch)
}
