//! Whole numbers in JSON that are written with a fraction or an exponent.
//!
//! Works on the text, so that everything else of it, repeated fields and places in messages included, stays as it was sent.

/// Most digits of a number that is written out; `u64::MAX` has 20.
const DIGITS_MAX: usize = 20;

/// The text with such numbers written as integers; `None` when there are none.
pub(super) fn whole(json: &[u8]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < json.len() {
        let length = match json[at] {
            b'"' => string(&json[at..]),
            b'-' | b'0'..=b'9' => json[at..].iter().take_while(|byte| b"+-.eE0123456789".contains(byte)).count(),
            _ => 1,
        };
        let token = &json[at..at + length];
        match integer(token) {
            Some(digits) => out.get_or_insert_with(|| json[..at].to_vec()).extend(digits.into_bytes()),
            None => {
                if let Some(out) = &mut out {
                    out.extend(token);
                }
            }
        }
        at += length;
    }
    out
}

/// Length of the string that begins here, quotes included.
fn string(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json[1..].iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// The integer that a number with a fraction or exponent is, if it is one.
fn integer(token: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(token).ok().filter(|text| !text.starts_with('"'))?;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if whole.len() == text.len() || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let point = usize::try_from(point).ok().filter(|point| (1..=DIGITS_MAX).contains(point))?;
    let digits = format!("{whole}{fraction}{}", "0".repeat(point));
    let (kept, rest) = digits.split_at(point);
    let zero = kept.bytes().all(|byte| byte == b'0');
    let valid = whole.bytes().all(|byte| byte.is_ascii_digit()) && (kept == "0" || !kept.starts_with('0'));
    (valid && rest.bytes().all(|byte| byte == b'0')).then(|| format!("{}{kept}", if zero { "" } else { sign }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> String {
        whole(json.as_bytes()).map_or_else(|| json.to_owned(), |out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn whole_numbers_are_written_as_integers() {
        for (given, expected) in [
            (r#"{"a":1051.0,"b":[-7.00,1e3,1.5e+1,0.0,-0.0]}"#, r#"{"a":1051,"b":[-7,1000,15,0,0]}"#),
            ("1e+16", "10000000000000000"),
            ("18446744073709551615.0", "18446744073709551615"),
        ] {
            assert_eq!(read(given), expected);
        }
    }

    #[test]
    fn everything_else_stays_as_it_was_sent() {
        for same in [
            r#"{"1.0":"2.0 \" 3.0","n":4}"#,
            "1.5",
            "1e-1",
            "1e400",
            "1.0.0",
            "1.",
            "01.0",
            "-",
            "\"1.0",
            "[1,2]",
            "1e99999999999",
        ] {
            assert_eq!(read(same), same);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let _ = whole(&bytes);
        }
    }
}
