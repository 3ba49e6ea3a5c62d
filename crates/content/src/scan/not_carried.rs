//! What a source has that a tree doesn't carry: counted, with the first path of each kind, so that it can be named at publish.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::path::Path;

use dray_model::package::{NotCarried, NotCarriedKind};

use crate::native::{self, Owner};
use crate::path::TreePath;

/// Counts while a source is walked.
pub(super) struct Counts {
    /// Who owns the source folder: the same owner below it is nothing special.
    owner: Option<Owner>,
    /// Files of which one name was seen.
    linked: HashSet<(u64, u64)>,
    found: BTreeMap<NotCarriedKind, (u64, TreePath)>,
}

impl Counts {
    /// For a source folder with this metadata.
    pub(super) fn new(source: &Metadata) -> Self {
        Self { owner: native::owner(source), linked: HashSet::new(), found: BTreeMap::new() }
    }

    /// Looks at one entry.
    pub(super) fn look(&mut self, on_disk: &Path, path: &TreePath, metadata: &Metadata) {
        if native::owner(metadata) != self.owner {
            self.add(NotCarriedKind::Owner, path);
        }
        if metadata.is_symlink() {
            return;
        }
        if native::lends_rights(metadata) {
            self.add(NotCarriedKind::Setuid, path);
        }
        if native::link_of(metadata).is_some_and(|file| !self.linked.insert(file)) {
            self.add(NotCarriedKind::HardLink, path);
        }
        let kinds: HashSet<NotCarriedKind> =
            native::attribute_names(on_disk).iter().filter_map(|name| kind_of(name)).collect();
        kinds.into_iter().for_each(|kind| self.add(kind, path));
    }

    fn add(&mut self, kind: NotCarriedKind, path: &TreePath) {
        let (count, first) = self.found.entry(kind).or_insert_with(|| (0, path.clone()));
        *count += 1;
        if path < first {
            *first = path.clone();
        }
    }

    /// What was found, by kind.
    pub(super) fn finish(self) -> Vec<NotCarried> {
        let found = self.found.into_iter();
        found.map(|(kind, (count, first))| NotCarried { kind, count, example: first.to_string() }).collect()
    }
}

/// What an extended attribute is; `None` of one that the system or a layer below it sets for itself.
fn kind_of(name: &[u8]) -> Option<NotCarriedKind> {
    match name {
        b"security.capability" => Some(NotCarriedKind::Capabilities),
        b"system.posix_acl_access" | b"system.posix_acl_default" | b"system.nfs4_acl" => Some(NotCarriedKind::Acl),
        name if name.starts_with(b"user.") => Some(NotCarriedKind::Attributes),
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::limits::Limits;
    use crate::scan::{Rules, walk};

    fn found(source: &Path) -> Vec<NotCarried> {
        walk(source, Rules::default(), &Limits::default()).unwrap().not_carried
    }

    #[test]
    fn what_a_tree_does_not_carry_is_counted_and_named() {
        let source = tempfile::tempdir().unwrap();
        for name in ["a", "su", "sg"] {
            fs::write(source.path().join(name), "x").unwrap();
        }
        assert_eq!(found(source.path()), []);
        for (name, mode) in [("su", 0o4755), ("sg", 0o2755)] {
            fs::set_permissions(source.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::hard_link(source.path().join("a"), source.path().join("b")).unwrap();
        let found = found(source.path());
        assert_eq!(found[0], NotCarried { kind: NotCarriedKind::Setuid, count: 2, example: "sg".into() });
        assert_eq!((found[1].kind, found[1].count, found.len()), (NotCarriedKind::HardLink, 1, 2));
    }

    #[test]
    fn attributes_are_told_apart_by_name() {
        assert_eq!(kind_of(b"security.capability"), Some(NotCarriedKind::Capabilities));
        assert_eq!(kind_of(b"system.posix_acl_default"), Some(NotCarriedKind::Acl));
        assert_eq!(kind_of(b"user.comment"), Some(NotCarriedKind::Attributes));
        assert_eq!(kind_of(b"security.selinux"), None);
    }
}
