//! What this computer can hold: asked before anything of a content is fetched or written.

use dray_model::package::{OUTSIDE_LINKS, UNIX_NAMES};

use crate::native;

/// Of what a content requires ([`crate::Tree::requires`]) that which this program doesn't know or this computer can't do.
pub fn unsupported<'a>(requires: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    requires.into_iter().filter(|name| !is_supported(name)).map(str::to_owned).collect()
}

fn is_supported(name: &str) -> bool {
    match name {
        OUTSIDE_LINKS => native::MAKES_OUTSIDE_LINKS,
        UNIX_NAMES => native::HOLDS_UNIX_NAMES,
        _ => false,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_holds_all_that_is_known_and_nothing_that_is_not() {
        assert_eq!(unsupported([OUTSIDE_LINKS, UNIX_NAMES, "owners"]), ["owners"]);
    }
}
