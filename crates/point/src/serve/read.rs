//! Reading a piece of an object: what the system has in memory at once, all else on a blocking thread.

use std::fs::File;
use std::io;

/// Fills the beginning of `buffer` with what is in the page cache from `at` on, without waiting for a disk, and tells how much that is.
/// Nothing where the system or the file system can't say: waiting for the disk then tells more.
pub(super) fn cached(file: &File, at: u64, buffer: &mut [u8]) -> usize {
    #[cfg(target_os = "linux")]
    return rustix::io::preadv2(file, &mut [io::IoSliceMut::new(buffer)], at, rustix::io::ReadWriteFlags::NOWAIT)
        .unwrap_or(0);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, at, buffer);
        0
    }
}

/// Fills `buffer` from `at` on, however long that takes; tells whether all of it was in memory.
pub(super) fn whole(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<bool> {
    let ready = cached(file, at, buffer);
    if ready == buffer.len() {
        return Ok(true);
    }
    read_exact_at(file, at + ready as u64, &mut buffer[ready..])?;
    Ok(false)
}

#[cfg(unix)]
fn read_exact_at(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<()> {
    let mut done = 0;
    while done < buffer.len() {
        match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], at + done as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_read_from_its_place_and_nothing_beyond_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        std::fs::write(&path, &bytes).unwrap();
        let file = File::open(&path).unwrap();
        let mut piece = vec![0; 1000];
        whole(&file, 98_000, &mut piece).unwrap();
        assert_eq!(piece, bytes[98_000..99_000]);
        let ready = cached(&file, 99_500, &mut piece);
        assert!(ready <= 500 && piece[..ready] == bytes[99_500..99_500 + ready]);
        assert_eq!(whole(&file, 99_500, &mut piece).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
