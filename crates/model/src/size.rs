//! Sizes as people read them; JSON carries plain numbers.

use std::fmt;

/// A number of bytes, shown with a binary unit: `512 B`, `1.5 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let Self(bytes) = *self;
        if bytes < 1024 {
            return write!(f, "{bytes} B");
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let mut value = bytes as f64 / 1024.0;
        let mut unit = UNITS[0];
        for next in &UNITS[1..] {
            // What would be rounded to four digits goes to the next unit.
            if value < 999.95 {
                break;
            }
            value /= 1024.0;
            unit = next;
        }
        write!(f, "{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes_keep_three_digits() {
        let sizes = [0, 1023, 1024, 1_572_864, 1024 * 1024 - 1, u64::MAX];
        let expected = ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1.0 MiB", "16.0 EiB"];
        assert_eq!(sizes.map(|bytes| Size(bytes).to_string()), expected);
    }
}
