//! Zip files made by hand, so that they can lie.

/// A member.
pub(crate) struct Member<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a [u8],
    /// Whether it is compressed.
    pub(crate) deflated: bool,
    /// Whether sizes and place stand in fields of 64 bits.
    pub(crate) long: bool,
}

impl<'a> Member<'a> {
    pub(crate) fn new(name: &'a str, text: &'a [u8]) -> Self {
        Self { name, text, deflated: true, long: false }
    }
}

/// Bytes of a member's header without its name.
pub(crate) const LOCAL_BYTES: usize = 30;
/// Bytes of a member's entry in the directory without its name.
pub(crate) const ENTRY_BYTES: usize = 46;
/// Bytes behind the directory.
pub(crate) const END_BYTES: usize = 22;

/// A zip file of these members. Checksums and times are zero.
pub(crate) fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let stored =
            if member.deflated { miniz_oxide::deflate::compress_to_vec(member.text, 6) } else { member.text.to_vec() };
        let method = if member.deflated { 8u16 } else { 0 };
        let offset = file.len();
        let sizes = [stored.len(), member.text.len()].map(|size| (size as u32).to_le_bytes()).concat();
        let name = [(member.name.len() as u16).to_le_bytes(), [0, 0]].concat();
        file.extend([b"PK\x03\x04\x14\0\0\0", &method.to_le_bytes()[..], &[0; 8], &sizes, &name].concat());
        file.extend(member.name.bytes().chain(stored.iter().copied()));

        let long = [member.text.len(), stored.len(), offset].map(|value| (value as u64).to_le_bytes()).concat();
        let extra = if member.long { [&[1, 0, 24, 0][..], &long].concat() } else { Vec::new() };
        let sizes = if member.long { vec![0xff; 8] } else { sizes };
        let place = if member.long { [0xff; 4] } else { (offset as u32).to_le_bytes() };
        directory.extend([b"PK\x01\x02\x14\0\x14\0\0\0", &method.to_le_bytes()[..], &[0; 8], &sizes].concat());
        directory.extend([(member.name.len() as u16).to_le_bytes(), (extra.len() as u16).to_le_bytes()].concat());
        directory.extend([&[0; 10][..], &place, member.name.as_bytes(), &extra].concat());
    }
    let (count, start) = ((members.len() as u16).to_le_bytes(), file.len() as u32);
    file.extend(&directory);
    let place = [(directory.len() as u32).to_le_bytes(), start.to_le_bytes()].concat();
    file.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &place, &[0, 0]].concat());
    file
}
