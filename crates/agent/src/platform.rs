//! Everything that differs between operating systems: processes, sessions, boot identity, free space, the wall-clock timer.
//!
//! The rest of the crate is portable and names no system call. To bring the agent to another system: a folder beside
//! `linux/` with the same functions. Nothing in here decides anything.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    allocator::give_memory_back,
    boot::boot_id,
    files::{create_private_dir, is_executable, open_private, remove_folder, reserve, set_private},
    process::{Ended, become_watcher, lead_group, signal_tree, wait_any},
    random::random_bits,
    search::{SEARCH_PATH, host_name, own_program},
    shutdown::Shutdown,
    socket::{Listener, connect},
    space::space,
    wall_timer::WallTimer,
};
pub(crate) use signal::Stop;

mod signal {
    /// How firmly a process is asked to end.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Stop {
        /// It may tidy up.
        Ask,
        /// It ends now.
        Force,
    }
}
