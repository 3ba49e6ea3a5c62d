//! The functions that fuzz targets call (`fuzz/`), on arbitrary bytes and on good ones with some changed.

use proptest::prelude::*;

#[allow(unreachable_pub, reason = "public for the fuzz targets")]
#[path = "../../../../fuzz/src/lib.rs"]
mod targets;

use crate::archive::{Member, zip};

const TARGETS: [fn(&[u8]); 10] = [
    targets::tree,
    targets::manifest,
    targets::manifest_difference,
    targets::pack,
    targets::update,
    targets::difference,
    targets::container,
    targets::container_layout,
    targets::corrections,
    targets::source_index,
];

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Good input for most targets.
fn seeds() -> Vec<Vec<u8>> {
    let layout = golden("containers/nested.layout");
    let layout = [&[layout.len() as u8][..], &layout, &golden("containers/nested.zip")].concat();
    let mut blocks = vec![6, 15, 0b001, 100, 2, 5, 0, 7, 4, 9];
    blocks.extend([0b110, 200, 1, 0]);
    let corrections = [&[0, 2][..], &blocks].concat();
    let text = b"a text that is a member, a text that is a member again";
    let archive = zip(&[Member::new("one", text), Member { long: true, ..Member::new("two", text) }]);
    let pack = golden("pack");
    let (index, end) = (pack.len() - 48 - 80, pack.len() - 48);
    let pack = [&[2][..], &pack[16..index], &pack[index..end]].concat();
    let index = golden("source-index");
    let index = index[10..index.len() - 32].to_vec();
    vec![golden("tree"), index, pack, layout, corrections, archive, golden("containers/gzip.gz")]
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_well(target in 0..TARGETS.len(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        TARGETS[target](&bytes);
    }

    #[test]
    fn small_numbers_end_well(target in 0..TARGETS.len(), bytes in proptest::collection::vec(0u8..5, 0..60)) {
        TARGETS[target](&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn good_bytes_with_some_changed_end_well(
        seed in proptest::sample::select(seeds()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = seed;
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        TARGETS.iter().for_each(|target| target(&bytes));
    }
}
