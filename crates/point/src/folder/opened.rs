//! Objects that are open for reading, a few of them: clients ask for many ranges of one pack.
//!
//! What leaves its place is forgotten at once, so that it is served no more and its space is free when the last answer ends.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dray_content::ObjectName;
use http::HeaderValue;

use super::Folder;

/// Objects that stay open; beyond them the one goes that was asked for longest ago.
const OPEN_MAX: usize = 64;

/// An object that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Its digest as an ETag, quotes included.
    pub(crate) etag: HeaderValue,
}

/// The open objects.
#[derive(Debug, Default)]
pub(super) struct OpenObjects(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Each with the number of the look that found it last.
    objects: HashMap<ObjectName, (Arc<Opened>, u64)>,
    looks: u64,
    /// How often something was forgotten.
    forgotten: u64,
}

impl OpenObjects {
    /// Closes an object that leaves its place.
    pub(super) fn forget(&self, name: &ObjectName) {
        let mut kept = self.kept();
        kept.forgotten += 1;
        kept.objects.remove(name);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folder {
    /// The object, when it is open.
    pub(crate) fn opened(&self, name: &ObjectName) -> Option<Arc<Opened>> {
        let mut kept = self.opened.kept();
        kept.looks += 1;
        let look = kept.looks;
        let (object, last) = kept.objects.get_mut(name)?;
        *last = look;
        Some(Arc::clone(object))
    }

    /// Opens an object, to be found by [`opened`](Self::opened). Blocks.
    pub(crate) fn open_object(&self, name: &ObjectName) -> io::Result<Arc<Opened>> {
        let forgotten = self.opened.kept().forgotten;
        let file = File::open(self.object(name))?;
        let size = file.metadata()?.len();
        let etag = HeaderValue::from_str(&format!("\"{}\"", name.digest())).expect("digests are header values");
        let object = Arc::new(Opened { file, size, etag });
        let mut kept = self.opened.kept();
        // Something left its place meanwhile, and it may have been this.
        if kept.forgotten == forgotten {
            if kept.objects.len() >= OPEN_MAX {
                let oldest = kept.objects.iter().min_by_key(|(_, (_, last))| *last).map(|(name, _)| *name);
                oldest.map(|oldest| kept.objects.remove(&oldest));
            }
            let look = kept.looks;
            kept.objects.insert(*name, (Arc::clone(&object), look));
        }
        Ok(object)
    }

    /// Has an object opened again when it is next asked for: it is not what it was.
    pub(crate) fn close_object(&self, name: &ObjectName) {
        self.opened.forget(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Digest;

    fn folder_with(count: u8) -> (tempfile::TempDir, Folder, Vec<ObjectName>) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let names: Vec<ObjectName> = (0..count).map(|byte| ObjectName::Pack(Digest::of(&[byte]))).collect();
        names.iter().for_each(|name| std::fs::write(folder.object(name), "bytes").unwrap());
        (root, folder, names)
    }

    #[test]
    fn an_object_that_left_its_place_is_not_open_any_more() {
        let (_root, folder, names) = folder_with(2);
        for name in &names {
            folder.open_object(name).unwrap();
            assert_eq!(folder.opened(name).unwrap().size, 5);
        }
        folder.set_aside(&names[0]).unwrap();
        folder.remove(&names[1]).unwrap();
        for name in &names {
            assert!(folder.opened(name).is_none());
            assert_eq!(folder.open_object(name).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn the_one_asked_for_longest_ago_makes_room() {
        let (_root, folder, names) = folder_with(OPEN_MAX as u8 + 1);
        for name in &names[..OPEN_MAX] {
            folder.open_object(name).unwrap();
            folder.opened(name).unwrap();
        }
        folder.opened(&names[0]).unwrap();
        folder.open_object(&names[OPEN_MAX]).unwrap();
        assert!(folder.opened(&names[0]).is_some() && folder.opened(&names[OPEN_MAX]).is_some());
        assert!(folder.opened(&names[1]).is_none());
    }
}
