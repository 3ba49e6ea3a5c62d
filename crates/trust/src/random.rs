//! Chance: the operating system's, through AWS-LC.

/// Fills an array from AWS-LC's generator, which is seeded by the operating system.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("AWS-LC aborts the process rather than run without entropy");
    bytes
}

/// 64 random bits.
#[must_use]
pub fn random_bits() -> u64 {
    u64::from_le_bytes(bytes())
}
