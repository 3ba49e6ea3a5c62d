//! What callers may cost a server of the site: the table `limits` of `site.toml`.

use serde::{Deserialize, Serialize};

/// A whole number from `MIN` to `MAX`; another one is refused by name when the file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Limit<const MIN: u32, const MAX: u32>(u32);

/// A number out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} is out of bounds: give {min} to {max}")]
pub struct OutOfBounds {
    found: i64,
    min: u32,
    max: u32,
}

/// `[limits]`. What isn't set has its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time on each of the two addresses; more wait in the kernel's queue. A device that holds its policy request
    /// needs a second one to report.
    pub connections: Limit<16, 1_000_000>,
    /// Bytes of a request's JSON body, but for facts and status messages.
    pub body_bytes: Limit<65_536, 67_108_864>,
    /// Bytes of a device's facts. The default has room for 20,000 packages at some 200 bytes.
    pub facts_bytes: Limit<65_536, 67_108_864>,
    /// Bytes of a batch of status messages. The default has room for a hundred runs with all that is kept of their output.
    pub status_bytes: Limit<65_536, 67_108_864>,
    /// Requests that each administrator token may make in a minute.
    pub administrator_requests_per_minute: Limit<60, 6_000_000>,
    /// Requests that each device and each distribution point may make in a minute, content included.
    pub client_requests_per_minute: Limit<60, 6_000_000>,
}

impl<const MIN: u32, const MAX: u32> Limit<MIN, MAX> {
    /// A limit that is known to be within its bounds when this is compiled.
    ///
    /// # Panics
    /// When it isn't.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        assert!(MIN <= number && number <= MAX, "the number is out of bounds");
        Self(number)
    }

    /// As a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// As a size.
    #[must_use]
    pub const fn size(self) -> usize {
        self.0 as usize
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<i64> for Limit<MIN, MAX> {
    type Error = OutOfBounds;

    fn try_from(found: i64) -> Result<Self, OutOfBounds> {
        let number = u32::try_from(found).ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or(OutOfBounds { found, min: MIN, max: MAX })
    }
}

impl<const MIN: u32, const MAX: u32> From<Limit<MIN, MAX>> for i64 {
    fn from(limit: Limit<MIN, MAX>) -> Self {
        limit.0.into()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: const { Limit::new(20_000) },
            body_bytes: const { Limit::new(1 << 20) },
            facts_bytes: const { Limit::new(4 << 20) },
            status_bytes: const { Limit::new(8 << 20) },
            administrator_requests_per_minute: const { Limit::new(30_000) },
            client_requests_per_minute: const { Limit::new(6_000) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_its_default() {
        let read: Limits = toml::from_str("connections = 100").unwrap();
        assert_eq!(read, Limits { connections: Limit::new(100), ..Limits::default() });
        let written = toml::to_string(&Limits::default()).unwrap();
        assert_eq!(toml::from_str::<Limits>(&written).unwrap(), Limits::default());
    }

    #[test]
    fn a_limit_out_of_bounds_is_refused_with_its_place_and_its_bounds() {
        for text in ["connections = 15", "connections = 1000001", "connections = -1"] {
            let error = toml::from_str::<Limits>(text).unwrap_err().to_string();
            assert!(error.contains("out of bounds: give 16 to 1000000") && error.contains(text), "{error}");
        }
        assert!(toml::from_str::<Limits>("conections = 100").unwrap_err().to_string().contains("unknown field"));
    }
}
