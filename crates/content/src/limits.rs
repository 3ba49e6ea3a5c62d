//! The bounds on everything that is decoded or ingested.
//!
//! One struct for all readers of untrusted bytes. A value above its limit is refused before memory is taken for it.

/// How much a tree, manifest or pack may ask of its reader. The defaults fit packages up to about 250 GB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries of a tree. Default 1,000,000.
    pub entries_max: u64,
    /// Bytes of a tree's encoding, uncompressed. Default 256 MiB.
    pub tree_bytes_max: u64,
    /// Sum of the sizes of a tree's files. Default 1 TiB.
    pub total_bytes_max: u64,
    /// Bytes of a manifest as stored, and of all its chunk lists uncompressed. Default 512 MiB.
    pub manifest_bytes_max: u64,
    /// Bytes of a manifest's index, uncompressed. Default 64 MiB.
    pub index_bytes_max: u64,
    /// Bytes of one block of chunk lists, uncompressed. Default 64 MiB: one file of about 100 GB.
    pub block_bytes_max: u64,
    /// Packs that one manifest may name. Default 262,144.
    pub packs_max: u64,
    /// Chunks that one manifest or pack may name. Default 4,194,304.
    pub chunks_max: u64,
    /// Pieces of all files of one manifest. Default 8,388,608.
    pub pieces_max: u64,
    /// Bytes of one chunk, uncompressed, or of one segment, stored. Default 16 MiB.
    pub chunk_bytes_max: u64,
    /// Bytes of one pack. Default 256 MiB.
    pub pack_bytes_max: u64,
    /// Deflate streams of one container, those within others counted. Default 262,144.
    pub streams_max: u64,
    /// How deep containers may lie in each other; 1 opens none within another. Default 3.
    pub container_depth_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries_max: 1_000_000,
            tree_bytes_max: 256 << 20,
            total_bytes_max: 1 << 40,
            manifest_bytes_max: 512 << 20,
            index_bytes_max: 64 << 20,
            block_bytes_max: 64 << 20,
            packs_max: 1 << 18,
            chunks_max: 1 << 22,
            pieces_max: 1 << 23,
            chunk_bytes_max: 16 << 20,
            pack_bytes_max: 256 << 20,
            streams_max: 1 << 18,
            container_depth_max: 3,
        }
    }
}
