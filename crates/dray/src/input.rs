//! Values on the command line: durations, sizes, instants and `NAME=COMMAND`, parsed once into types that hold nothing illegal.

use std::str::FromStr;

use dray_model::excerpt::quoted;
use dray_model::program::{CommandLine, ExitClass, Program};
use dray_model::{Name, Timestamp};
use dray_schedule::Zone;
use jiff::civil::DateTime;

use crate::clock;

/// A duration in whole seconds: `90`, `90s`, `15m`, `2h`, `7d`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) u32);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{} is not a duration; write it like 90s, 15m, 2h or 7d", quoted(text));
        let mut total: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = match rest[digits..].chars().next() {
                None if digits == text.len() => 1,
                Some('s') => 1,
                Some('m') => 60,
                Some('h') => 3600,
                Some('d') => 86_400,
                _ => return Err(wrong()),
            };
            total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = rest.get(digits + 1..).unwrap_or_default();
        }
        let seconds = u32::try_from(total).map_err(|_| wrong())?;
        if text.is_empty() { Err(wrong()) } else { Ok(Self(seconds)) }
    }
}

/// A size in bytes: `4096`, `512KiB`, `20MiB`, `4GiB`; `MB` and the like count in thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{} is not a size; write it like 512KiB, 20MiB or 4GiB", quoted(text));
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
        let unit: u64 = match text[digits..].trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

/// An instant: RFC 3339 with its offset, or a date and time in this computer's time zone (`2026-12-01T18:00`).
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    instant_in(text, &clock::zone())
}

fn instant_in(text: &str, zone: &Zone) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let wrong = || format!("{} is not a time; write it like 2026-12-01T18:00 or 2026-12-01T17:00:00Z", quoted(text));
    let local: DateTime = text.parse().map_err(|_| wrong())?;
    zone.instant(local).ok_or_else(wrong)
}

/// A program in its shortest form, `NAME=COMMAND`; everything else has its default.
pub(crate) fn program(text: &str) -> Result<Program, String> {
    let (name, command) = text
        .split_once('=')
        .ok_or_else(|| format!("{} is not a program; write it like install='./setup.sh'", quoted(text)))?;
    let name: Name = name.trim().parse().map_err(|error| format!("{error}"))?;
    let command: CommandLine = command.trim().parse().map_err(|error| format!("{error}"))?;
    Ok(Program::new(name, command))
}

/// The meaning of an exit code, `CODE=CLASS`.
pub(crate) fn exit_code(text: &str) -> Result<(i64, ExitClass), String> {
    let wrong = || {
        format!(
            "{} is not an exit code; write CODE=CLASS with success, success_restart, retry or failure, like 3=retry",
            quoted(text)
        )
    };
    let (code, class) = text.split_once('=').ok_or_else(wrong)?;
    let code = code.trim().parse().map_err(|_| wrong())?;
    let class = match class.trim() {
        "success" => ExitClass::Success,
        "success_restart" => ExitClass::SuccessRestart,
        "retry" => ExitClass::Retry,
        "failure" => ExitClass::Failure,
        _ => return Err(wrong()),
    };
    Ok((code, class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let seconds = |text: &str| text.parse::<Seconds>().map(|s| s.0);
        assert_eq!(
            ["90", "90s", "15m", "2h", "7d", "1h30m"].map(|t| seconds(t).unwrap()),
            [90, 90, 900, 7200, 604_800, 5400]
        );
        for bad in ["", "h", "2 h", "1x", "1h30", "99999999999999999999d", "5000000d", "1é"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_units() {
        let bytes = |text: &str| text.parse::<Bytes>().map(|b| b.0);
        assert_eq!(["7", "2KiB", "3 MiB", "1GB"].map(|t| bytes(t).unwrap()), [7, 2048, 3 << 20, 1_000_000_000]);
        for bad in ["", "MiB", "1 KIB", "-1", "99999999999TiB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_without_an_offset_is_local() {
        let berlin = jiff::tz::TimeZone::fixed(jiff::tz::offset(1)).into();
        let expected = "2026-12-01T17:00:00Z".parse().unwrap();
        for text in ["2026-12-01T18:00", "2026-12-01 18:00:00", "2026-12-01T17:00:00Z", "2026-12-01T19:00:00+02:00"] {
            assert_eq!(instant_in(text, &berlin), Ok(expected), "{text}");
        }
        assert!(instant_in("tomorrow", &berlin).is_err());
    }

    #[test]
    fn a_program_may_hold_equal_signs_in_its_command() {
        let program = program("install=./setup.sh --target=/opt").unwrap();
        assert_eq!((program.name.as_str(), program.command.as_str()), ("install", "./setup.sh --target=/opt"));
        assert!(super::program("install").is_err());
        assert!(super::program("Install=x").is_err());
    }

    #[test]
    fn exit_codes_name_a_class() {
        assert_eq!(exit_code("3010=success_restart"), Ok((3010, ExitClass::SuccessRestart)));
        assert!(exit_code("3010=fine").is_err());
    }
}
