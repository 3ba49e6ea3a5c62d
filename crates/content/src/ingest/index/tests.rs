//! Laws of source indexes: what they hold reads back, and they are believed only of files that nobody can have changed unseen.

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> TreePath {
    text.parse().unwrap()
}

fn stamp(changed_ns: i64) -> Stamp {
    Stamp { size: 5, modified_ns: 7, changed_ns, inode: 11, device: 13 }
}

/// An index that believes everything.
fn index(files: &[(&str, Stamp)]) -> SourceIndex {
    let files = files.iter().map(|(name, stamp)| IndexedFile {
        path: path(name),
        stamp: *stamp,
        content: Digest::of(name.as_bytes()),
    });
    SourceIndex { files: files.collect() }
}

fn indexes() -> impl Strategy<Value = SourceIndex> {
    let stamps = (any::<u64>(), any::<i64>(), any::<i64>(), any::<u64>(), any::<u64>());
    let file = (stamps, any::<[u8; 32]>());
    proptest::collection::btree_map("[a-z]{1,3}(/[a-zäß]{1,9}){0,3}", file, 0..20).prop_map(|files| {
        let mut files: Vec<_> = files.into_iter().filter_map(|(text, file)| Some((text.parse().ok()?, file))).collect();
        files.sort_by(|(a, _): &(TreePath, _), (b, _)| a.cmp(b));
        let files = files.into_iter().map(|(path, ((size, modified_ns, changed_ns, inode, device), content))| {
            let stamp = Stamp { size, modified_ns, changed_ns, inode, device };
            IndexedFile { path, stamp, content: Digest::from_bytes(content) }
        });
        SourceIndex { files: files.collect() }
    })
}

proptest! {
    #[test]
    fn an_index_reads_back(index in indexes()) {
        prop_assert_eq!(SourceIndex::decode(&index.encode(), &Limits::default()).unwrap(), index);
    }

    #[test]
    fn a_changed_or_missing_byte_is_noticed(index in indexes(), at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = index.encode();
        let at = at.index(bytes.len());
        prop_assert!(SourceIndex::decode(&bytes[..at], &Limits::default()).is_err());
        bytes[at] ^= flip;
        prop_assert!(SourceIndex::decode(&bytes, &Limits::default()).is_err());
    }
}

#[test]
fn an_index_that_is_out_of_order_or_too_large_is_refused() {
    let twice = index(&[("a", stamp(1)), ("a", stamp(1))]);
    let refused = SourceIndex::decode(&twice.encode(), &Limits::default());
    assert!(matches!(refused, Err(DecodeError::Malformed { .. })), "{refused:?}");
    let two = index(&[("a", stamp(1)), ("b", stamp(1))]).encode();
    let few = Limits { entries_max: 1, ..Limits::default() };
    assert!(matches!(SourceIndex::decode(&two, &few), Err(DecodeError::Limit { .. })));
    let short = Limits { tree_bytes_max: two.len() as u64 - 1, ..Limits::default() };
    assert!(matches!(SourceIndex::decode(&two, &short), Err(DecodeError::Limit { .. })));
}

#[test]
fn files_that_were_changed_within_two_seconds_of_the_ingest_are_not_remembered() {
    let begun_at = Timestamp::from_micros(1_000_000_000_000);
    let begun_ns = begun_at.micros() * 1000;
    let believed = |changed_ns: i64| {
        let name = path("f");
        let files = [(&name, Some(stamp(changed_ns)), Digest::of(b"f"))];
        !SourceIndex::new(files.into_iter(), begun_at).files.is_empty()
    };
    assert!(believed(begun_ns - 2_000_000_000) && believed(i64::MIN));
    assert!(!believed(begun_ns - 1_999_999_999) && !believed(begun_ns) && !believed(i64::MAX));
}

#[test]
fn a_file_is_believed_as_long_as_everything_the_system_tells_of_it_is_as_it_was() {
    let (name, before, content) = (path("b"), stamp(1), Digest::of(b"b"));
    let index = index(&[("a", before), ("b", before), ("d", before)]);
    let look_up = |stamp: Option<Stamp>| index.look_up(&[(&name, stamp)]);
    assert_eq!(look_up(Some(before)), [Some(content)]);
    let changed = [
        Stamp { size: 6, ..before },
        Stamp { modified_ns: 8, ..before },
        Stamp { changed_ns: 2, ..before },
        Stamp { inode: 12, ..before },
        Stamp { device: 14, ..before },
    ];
    for stamp in changed {
        assert_eq!(look_up(Some(stamp)), [None], "{stamp:?}");
    }
    assert_eq!(look_up(None), [None]);
    let (other, last) = (path("c"), path("d"));
    let found = index.look_up(&[(&name, Some(before)), (&other, Some(before)), (&last, Some(before))]);
    assert_eq!(found, [Some(content), None, Some(Digest::of(b"d"))]);
}

#[test]
fn an_index_is_kept_in_a_file_and_its_loss_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, unfinished) = (folder.path().join("index"), folder.path().join("unfinished"));
    assert!(SourceIndex::load(&kept, &Limits::default()).unwrap().is_none());
    let index = index(&[("a", stamp(1))]);
    index.save(&kept, &unfinished).unwrap();
    assert_eq!(SourceIndex::load(&kept, &Limits::default()).unwrap(), Some(index));
    assert!(!unfinished.exists());
    fs::write(&kept, "DRAYSIDX").unwrap();
    assert!(matches!(SourceIndex::load(&kept, &Limits::default()), Err(IndexError::Decode(_))));
}

#[test]
fn the_encoding_of_an_index_is_frozen() {
    let first = Stamp {
        size: 70_000,
        modified_ns: 1_700_000_000_123_456_789,
        changed_ns: 1_710_000_000_000_000_001,
        inode: 99,
        device: 2049,
    };
    let second = Stamp { size: 5, modified_ns: -1, changed_ns: first.changed_ns - 1, inode: 98, device: u64::MAX };
    let index = index(&[("bin/run", first), ("größe", second)]);
    let golden = include_bytes!("../../../tests/golden/source-index");
    assert_eq!(index.encode(), golden);
    assert_eq!(SourceIndex::decode(golden, &Limits::default()).unwrap(), index);
}
