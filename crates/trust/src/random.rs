//! The crate's one draw of random bytes.

/// Fills an array from AWS-LC's generator, which is seeded by the operating system.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("AWS-LC aborts the process rather than run without entropy");
    bytes
}
