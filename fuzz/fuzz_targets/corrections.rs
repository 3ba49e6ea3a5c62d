//! Throws corrections of a deflate stream at the rebuilder of containers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::corrections(data));
