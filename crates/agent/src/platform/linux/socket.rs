//! The socket in the agent's folder through which local commands talk to it.
//!
//! The path goes through `/proc/self/fd`, because a socket's address has room for 107 bytes only and the agent's folder
//! may be deeper.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// A listening socket; its file is removed with it.
pub(crate) struct Listener {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Listens as `name` in `folder`, instead of whatever had that name. Only who may enter the folder can connect, and
    /// the socket itself is the agent's alone.
    ///
    /// # Errors
    /// The folder can't be opened or the socket can't be made.
    pub(crate) fn bind(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (_open, address) = short_path(folder, name)?;
        let listener = UnixListener::bind(address)?;
        super::files::set_private(&path)?;
        Ok(Self { listener, path })
    }

    /// The next caller.
    ///
    /// # Errors
    /// The system gives no more descriptors.
    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The next start removes it when this fails.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Connects to the socket `name` in `folder`; `None` when nobody listens.
///
/// # Errors
/// The socket is there but may not be used.
pub(crate) async fn connect(folder: &Path, name: &str) -> io::Result<Option<UnixStream>> {
    let (_open, address) = short_path(folder, name)?;
    match UnixStream::connect(address).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error),
    }
}

fn short_path(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    let open = File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{name}", open.as_raw_fd());
    Ok((open, path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_folder_deeper_than_a_socket_address_works_and_the_socket_is_private() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("x".repeat(100)).join("y".repeat(100));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(connect(&folder, "s").await.unwrap().is_none());
        let listener = Listener::bind(&folder, "s").unwrap();
        let (accepted, connected) = tokio::join!(listener.accept(), connect(&folder, "s"));
        assert!(accepted.is_ok() && connected.unwrap().is_some());
        assert_eq!(std::fs::metadata(folder.join("s")).unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert!(connect(&folder, "s").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_socket_left_by_a_killed_agent_is_replaced() {
        let temp = tempfile::tempdir().unwrap();
        std::mem::forget(Listener::bind(temp.path(), "s").unwrap());
        Listener::bind(temp.path(), "s").unwrap();
    }
}
