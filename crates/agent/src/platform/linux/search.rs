//! Where programs of the system are looked for, how this one is started again, and what the computer is called.

use std::path::PathBuf;

/// The search path of a program that the agent starts, the same on every client whatever started the agent.
pub(crate) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// This program's own file, to start it again; still the same program when a newer one has taken its name.
pub(crate) fn own_program() -> PathBuf {
    match std::env::current_exe() {
        Ok(path) if path.is_file() => path,
        // The file was replaced or removed while we run; the kernel still has it.
        _ => PathBuf::from("/proc/self/exe"),
    }
}

/// The computer's name, with its domain where it has one.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
