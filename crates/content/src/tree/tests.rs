//! What makes a tree, what it requires, and that one tree has one encoding.

use super::*;
use crate::requirement;

fn entry(path: &str, node: Node) -> Entry {
    Entry { path: path.parse().unwrap(), node }
}

fn folder(path: &str) -> Entry {
    entry(path, Node::Directory(FolderNode::default()))
}

fn file(path: &str, bytes: &[u8]) -> Entry {
    entry(path, Node::File(FileNode::plain(bytes.len() as u64, Digest::of(bytes))))
}

fn file_of(path: &str, secs: u64) -> Entry {
    let modified = ModifiedAt::from_secs(secs).unwrap();
    entry(path, Node::File(FileNode { modified, ..FileNode::plain(0, Digest::of(b"")) }))
}

fn link(path: &str, target: &str) -> Entry {
    entry(path, Node::Link(LinkTarget::parse(target).unwrap()))
}

fn outside(path: &str, target: &[u8]) -> Entry {
    entry(path, Node::OutsideLink(OutsideTarget::parse_at(&path.parse().unwrap(), target).unwrap()))
}

fn requires(entries: Vec<Entry>) -> Vec<String> {
    Tree::new(entries).unwrap().requires()
}

fn extension(name: &str, is_required: bool) -> Extension {
    Extension { name: name.into(), is_required, bytes: b"anything".to_vec() }
}

#[test]
fn a_tree_requires_what_not_every_system_can_hold() {
    assert!(requires(vec![file("a", b"1"), link("l", "a")]).is_empty());
    assert_eq!(requires(vec![outside("l", b"/etc")]), [OUTSIDE_LINKS]);
    assert_eq!(requires(vec![outside("l", b"/\xff")]), [OUTSIDE_LINKS, UNIX_NAMES]);
    for names in [["Readme", "README"], ["straße", "STRASSE"], ["É", "é"], ["aux.c", "b"], ["a:b", "c"], ["a\\b", "c"]]
    {
        assert_eq!(requires(names.iter().map(|name| file(name, b"1")).collect()), [UNIX_NAMES], "{names:?}");
    }
    assert_eq!(requires(vec![folder("A"), folder("a")]), [UNIX_NAMES]);
    assert!(requires(vec![folder("A"), folder("b"), file("A/x", b""), file("b/X", b"")]).is_empty());
}

#[test]
fn a_file_under_a_link_a_file_or_nothing_is_refused() {
    for parent in [vec![link("d", ".")], vec![outside("d", b"/etc")], vec![file("d", b"x")], vec![]] {
        let entries = parent.into_iter().chain([file("d/f", b"y")]).collect();
        assert_eq!(Tree::new(entries), Err(InvalidTree::NotInDirectory("d/f".parse().unwrap())));
    }
    assert!(Tree::new(vec![file("d/f", b"y"), folder("d")]).is_ok());
}

#[test]
fn a_path_that_is_there_twice_is_refused() {
    for twice in [vec![file("a", b"1"), file("a", b"1")], vec![folder("a"), file("a", b"")]] {
        assert!(matches!(Tree::new(twice), Err(InvalidTree::Duplicate(_))));
    }
}

#[test]
fn a_link_out_of_the_tree_is_refused() {
    assert!(matches!(Tree::new(vec![link("l", "../x")]), Err(InvalidTree::Link { .. })));
    assert!(Tree::new(vec![folder("d"), link("d/l", "../x")]).is_ok());
}

#[test]
fn an_outside_link_must_lead_out_from_where_it_is() {
    let outside = |path: &str, seen_from: &str| {
        let target = OutsideTarget::parse_at(&seen_from.parse().unwrap(), b"../x").unwrap();
        Tree::new(vec![folder("d"), entry(path, Node::OutsideLink(target))])
    };
    let tree = outside("l", "l").unwrap();
    assert_eq!(tree.outside_links().map(|(path, _)| path.to_string()).collect::<Vec<_>>(), ["l"]);
    assert!(matches!(outside("d/l", "l"), Err(InvalidTree::Link { .. })));
}

#[test]
fn sizes_that_contradict_digests_are_refused() {
    let lying = |size, digest| entry("f", Node::File(FileNode::plain(size, digest)));
    assert!(matches!(Tree::new(vec![lying(1, Digest::of(b""))]), Err(InvalidTree::Size(_))));
    assert!(matches!(Tree::new(vec![lying(0, Digest::of(b"x"))]), Err(InvalidTree::Size(_))));
    assert!(matches!(Tree::new(vec![lying(9, Digest::of(b"x")), file("g", b"x")]), Err(InvalidTree::Size(_))));
}

#[test]
fn contents_are_the_different_non_empty_ones_in_order() {
    let tree = Tree::new(vec![file("c", b"1"), file("a", b"2"), file("b", b""), file("d", b"2")]).unwrap();
    assert_eq!(tree.contents(), [(Digest::of(b"2"), 1), (Digest::of(b"1"), 1)]);
    assert_eq!((tree.file_count(), tree.total_bytes()), (4, 3));
}

#[test]
fn trees_that_differ_in_times_alone_are_known() {
    let (old, new) = (Tree::new(vec![file_of("a", 1)]).unwrap(), Tree::new(vec![file_of("a", 2)]).unwrap());
    assert!(old.digest() != new.digest() && old.is_same_but_for_times(&new));
    let FileNode { size, digest, .. } = FileNode::plain(0, Digest::of(b""));
    let mode = FileMode::from_bits(0o600).unwrap();
    let private = entry("a", Node::File(FileNode { size, digest, mode, modified: ModifiedAt::EPOCH }));
    assert!(!old.is_same_but_for_times(&Tree::new(vec![private]).unwrap()));
    assert!(!old.is_same_but_for_times(&Tree::new(vec![file_of("b", 1)]).unwrap()));
    assert!(!old.is_same_but_for_times(&Tree::default()));
}

#[test]
fn what_a_later_version_says_is_kept_and_required_when_it_says_so() {
    let extensions = vec![extension("xattrs", false), extension("owners", true)];
    let tree = Tree::with_extensions(vec![file("a", b"1"), outside("l", b"/x")], extensions).unwrap();
    assert_eq!(tree.requires(), [OUTSIDE_LINKS, "owners"]);
    let read = Tree::decode(&tree.encode(), &Limits::default()).unwrap();
    assert_eq!(read, tree);
    let requires = read.requires();
    assert!(requirement::unsupported(requires.iter().map(String::as_str)).contains(&"owners".to_owned()));
}

#[test]
fn names_of_extensions_are_words_and_not_taken() {
    for bad in [vec![""], vec!["Owners"], vec!["a-b"], vec![UNIX_NAMES], vec![OUTSIDE_LINKS], vec!["a", "a"]] {
        let extensions = bad.iter().map(|name| extension(name, false)).collect();
        assert!(matches!(Tree::with_extensions(vec![], extensions), Err(InvalidTree::Extension(_))), "{bad:?}");
    }
}

#[test]
fn a_tree_may_not_require_other_things_than_it_holds() {
    let tree = Tree::with_extensions(vec![file("a:b", b"1")], vec![extension("owners", true)]).unwrap();
    let bytes = tree.encode();
    let at = bytes.windows(10).position(|window| window == b"unix_names").unwrap();
    let mut other = bytes.clone();
    other[at] = b'o';
    assert!(matches!(Tree::decode(&other, &Limits::default()), Err(DecodeError::Malformed { .. })));
    let at = bytes.windows(6).position(|window| window == b"owners").unwrap();
    let mut other = bytes;
    other[at] = b'n';
    assert!(matches!(Tree::decode(&other, &Limits::default()), Err(DecodeError::Malformed { .. })));
}

#[test]
fn a_time_is_written_once_and_never_twice() {
    let tree = Tree::new(vec![file_of("a", 5), file_of("b", 5), file_of("c", 9), file_of("d", 5)]).unwrap();
    let bytes = tree.encode();
    let times = [0, 1, 0, 1, 10, 8, 0];
    assert!(bytes.ends_with(&times), "{:?}", &bytes[bytes.len() - 7..]);
    assert_eq!(Tree::decode(&bytes, &Limits::default()).unwrap(), tree);
    for (at, bad) in [(1, 2), (1, 0), (5, 0), (4, 9)] {
        let mut bytes = bytes.clone();
        let last = bytes.len() - times.len();
        bytes[last + at] = bad;
        assert!(Tree::decode(&bytes, &Limits::default()).is_err(), "{at} {bad}");
    }
}
