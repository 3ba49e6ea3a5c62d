//! A device's name: the slug of its host name, with a number where that is taken.

use dray_model::{DeviceId, Name};
use dray_store::{Snapshot, StoreError, device};

/// Longest slug, so that a number fits behind it.
const SLUG_MAX: usize = Name::MAX - 12;
/// For host names without a letter or digit.
const NAMELESS: &str = "device";

/// A name for the device that no other has: `host`, or `host-2` and so on.
pub(super) async fn free(snapshot: &mut Snapshot, host_name: &str) -> Result<Name, StoreError> {
    let slug = slug(host_name);
    let mut number = 1_u64;
    // Doubling finds a free number among thousands of clones of one image in a few steps; halving brings it near the others.
    while taken(snapshot, &slug, number).await? {
        number *= 2;
    }
    let (mut low, mut high) = (number / 2, number);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if taken(snapshot, &slug, middle).await? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(numbered(&slug, high))
}

async fn taken(snapshot: &mut Snapshot, slug: &str, number: u64) -> Result<bool, StoreError> {
    Ok(device::find_by_name(snapshot, &numbered(slug, number)).await?.is_some())
}

fn numbered(slug: &str, number: u64) -> Name {
    let text = if number == 1 { slug.to_owned() } else { format!("{slug}-{number}") };
    text.parse().expect("a slug of at most 52 characters and a number is a name")
}

/// The first label of the host name in the letters of a [`Name`]. Never the form of a device's id, which would name two devices.
fn slug(host_name: &str) -> String {
    let label = host_name.split('.').find(|label| !label.is_empty()).unwrap_or_default();
    let mut slug = String::new();
    for character in label.chars() {
        if slug.len() >= SLUG_MAX {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        return NAMELESS.to_owned();
    }
    if slug.parse::<DeviceId>().is_ok() {
        return format!("{NAMELESS}-{slug}");
    }
    slug.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn a_host_name_becomes_a_slug() {
        for (host_name, expected) in [
            ("Kiosk-07", "kiosk-07"),
            ("pc1.example.com", "pc1"),
            ("-a__b-", "a-b"),
            ("Büro", "b-ro"),
            ("日本", "device"),
            ("", "device"),
            ("d-0123456789abc", "device-d-0123456789abc"),
        ] {
            assert_eq!(slug(host_name), expected, "{host_name}");
        }
    }

    proptest! {
        #[test]
        fn any_host_name_gives_a_name(host_name in "\\PC{0,300}") {
            let name = numbered(&slug(&host_name), u64::from(u32::MAX));
            prop_assert!(name.as_str().len() <= Name::MAX);
        }
    }

    #[test]
    fn a_taken_name_gets_the_next_number() {
        dray_store::testing::on_sqlite(async |db| {
            let mut tx = db.write().await.unwrap();
            let mut names = Vec::new();
            for number in 0..9 {
                let name = free(&mut tx, "pc").await.unwrap();
                let id = DeviceId::from_random(number);
                device::insert(&mut tx, id, &name, Timestamp::from_secs(1)).await.unwrap();
                names.push(name.to_string());
            }
            assert_eq!(names, ["pc", "pc-2", "pc-3", "pc-4", "pc-5", "pc-6", "pc-7", "pc-8", "pc-9"]);
        });
    }
}
