//! A manifest as a difference to an earlier one (`docs/formats.md`, "Manifest difference").
//!
//! Most of a new manifest stands in the old one, and what doesn't are mostly digests of chunks that anyone who has built the new
//! contents can compute. So both are the prefix of the one frame that it is.

use dray_model::Digest;

use super::{InvalidManifest, Manifest, put_packs, read_packs};
use crate::codec::{DecodeError, Reader, put_varint};
use crate::frame;
use crate::limits::Limits;
use crate::tree::Tree;

const MAGIC: &[u8; 8] = b"DRAYMDIF";
const VERSION: u16 = 1;
const WHAT: &str = "manifest difference";

/// Writes `new` for anyone who has `old` and knows the digests `known`, in this order.
///
/// # Errors
/// When one of the manifests is partial.
pub fn encode(new: &Manifest, old: &Manifest, known: &[Digest]) -> Result<Vec<u8>, InvalidManifest> {
    let plain = plain(new)?;
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    put_varint(&mut out, plain.len() as u64);
    out.extend_from_slice(&frame::compress(&plain, &prefix(old, known)?));
    Ok(out)
}

/// Reads the manifest of `tree` with the help of `old` and `known`, which must be those that it was written for. Only the digest of
/// the manifest's own encoding says whether it came out right.
///
/// # Errors
/// When the bytes are not a manifest difference within `limits`, don't give a manifest of this tree, or `old` is partial.
pub fn decode(
    bytes: &[u8],
    tree: &Tree,
    old: &Manifest,
    known: &[Digest],
    limits: &Limits,
) -> Result<Manifest, DecodeError> {
    let mut reader = Reader::new(WHAT, bytes);
    reader.magic(MAGIC, VERSION)?;
    let length = reader.bounded("bytes in a manifest", limits.manifest_bytes_max)?;
    let frame = reader.take(reader.remaining())?;
    let plain = frame::expand(frame, &prefix(old, known)?, length as usize)
        .map_err(|source| DecodeError::Decompress { what: WHAT, source })?;
    let mut reader = Reader::new(WHAT, &plain);
    let packs = read_packs(&mut reader, limits)?;
    let block = reader.take(reader.remaining())?;
    let manifest = Manifest::decode_block(tree.clone(), &packs, &tree.contents(), block, limits)?;
    Ok(manifest)
}

/// Its packs, and all of its contents as one block.
fn plain(manifest: &Manifest) -> Result<Vec<u8>, InvalidManifest> {
    let mut out = Vec::new();
    put_packs(&mut out, manifest.packs());
    out.extend_from_slice(&manifest.encode_block(&manifest.tree().contents())?);
    Ok(out)
}

fn prefix(old: &Manifest, known: &[Digest]) -> Result<Vec<u8>, InvalidManifest> {
    let mut out = plain(old)?;
    known.iter().for_each(|digest| out.extend_from_slice(digest.as_bytes()));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Chunk, PackInfo, Piece, Recipe};
    use crate::tree::{Entry, FileNode, Node};
    use proptest::prelude::*;

    const CHUNK_BYTES: u32 = 50_000;

    fn digest(number: u64) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    /// A manifest of one file for each run of chunk numbers, of which each has a place in the pack `seed`.
    fn manifest(seed: u64, files: &[Vec<u64>]) -> Manifest {
        let file = |(number, chunks): (usize, &Vec<u64>)| {
            let bytes: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.to_le_bytes()).collect();
            let size = u64::from(CHUNK_BYTES) * chunks.len() as u64;
            let node = Node::File(FileNode::plain(size, Digest::of(&bytes)));
            Entry { path: format!("file-{number:04}").parse().unwrap(), node }
        };
        let tree = Tree::new(files.iter().enumerate().map(file).collect()).unwrap();
        let pack = PackInfo { digest: digest(seed), size: 1 << 28 };
        let mut chunks = Vec::new();
        let mut recipes = Vec::new();
        for (entry, numbers) in tree.entries().iter().zip(files) {
            let Node::File(node) = &entry.node else { unreachable!() };
            let mut pieces = Vec::new();
            for number in numbers {
                let (stored_length, offset) = (CHUNK_BYTES / 2 + (*number % 100) as u32, 16 + number * 50_000);
                chunks.push(Chunk { digest: digest(*number), length: CHUNK_BYTES, pack: 0, offset, stored_length });
                pieces.push(Piece { chunk: chunks.len() as u32 - 1, offset: 0, length: CHUNK_BYTES });
            }
            if recipes.iter().all(|recipe: &Recipe| recipe.content != node.digest) {
                recipes.push(Recipe { content: node.digest, pieces });
            }
        }
        Manifest::new(tree, &[pack], &chunks, recipes).unwrap()
    }

    #[test]
    fn what_both_know_costs_next_to_nothing() {
        let old = manifest(1, &(0..200).map(|file| vec![2 * file, 2 * file + 1]).collect::<Vec<_>>());
        let mut files: Vec<Vec<u64>> = (0..200).map(|file| vec![2 * file, 2 * file + 1]).collect();
        files[100] = (1000..1100).collect();
        let new = manifest(1, &files);
        let known: Vec<Digest> = (1000..1100).map(digest).collect();
        let bytes = encode(&new, &old, &known).unwrap();
        assert!(bytes.len() < 600, "{} bytes for {}", bytes.len(), new.encode().unwrap().len());
        let unknown = encode(&new, &old, &[]).unwrap();
        assert!(unknown.len() > 100 * Digest::LENGTH);
        let read = decode(&bytes, new.tree(), &old, &known, &Limits::default()).unwrap();
        assert_eq!(read, new);
    }

    #[test]
    fn a_length_beyond_the_limits_is_refused_before_anything_is_expanded() {
        let manifest = manifest(1, &[vec![1, 2]]);
        let bytes = encode(&manifest, &manifest, &[]).unwrap();
        let limits = Limits { manifest_bytes_max: 10, ..Limits::default() };
        let refused = decode(&bytes, manifest.tree(), &manifest, &[], &limits);
        assert!(matches!(refused, Err(DecodeError::Limit { .. })), "{refused:?}");
    }

    fn files() -> impl Strategy<Value = Vec<Vec<u64>>> {
        proptest::collection::vec(proptest::collection::vec(0u64..30, 1..6), 1..12)
    }

    proptest! {
        #[test]
        fn any_manifest_reads_back_from_any_other(old in files(), new in files(), known in proptest::collection::vec(0u64..30, 0..10)) {
            let (old, new) = (manifest(1, &old), manifest(2, &new));
            let known: Vec<Digest> = known.into_iter().map(digest).collect();
            let bytes = encode(&new, &old, &known).unwrap();
            let read = decode(&bytes, new.tree(), &old, &known, &Limits::default()).unwrap();
            prop_assert_eq!(read.encode().unwrap(), new.encode().unwrap());
        }

        #[test]
        fn damaged_bytes_or_another_prefix_never_pass_for_the_manifest(at in 0usize..400, bit in 0u8..8, other in files()) {
            let (old, new) = (manifest(1, &[vec![1, 2], vec![3]]), manifest(2, &[vec![1, 2], vec![4, 5, 6]]));
            let mut bytes = encode(&new, &old, &[]).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(read) = decode(&bytes, new.tree(), &old, &[], &Limits::default()) {
                prop_assert_eq!(read.tree(), new.tree());
            }
            // Whatever comes of it is a manifest of the tree, or an error.
            let _ = decode(&bytes, new.tree(), &manifest(3, &other), &[], &Limits::default());
        }
    }
}
