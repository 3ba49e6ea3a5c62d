//! Lists in pages: keyset paging with an opaque cursor.
//!
//! A cursor names the last item of a page, so pages neither skip nor repeat items that stay while others come and go.
//! Cursors come from an answer and go back unread; their content is not part of the API.

use serde::{Deserialize, Serialize};

/// Items a page holds when the request doesn't say.
pub const DEFAULT_LIMIT: u32 = 100;
/// Most items a page may hold; larger requests get this many.
pub const MAX_LIMIT: u32 = 1000;

/// One page of a list, in the list's documented order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor for the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Converts every item and keeps the cursor.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next: self.next }
    }
}

/// Which page of a list to answer with. `after` is the key of the item before the page, not the encoded cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    limit: Option<u32>,
    /// Key of the last item of the page before; `None` starts at the beginning.
    pub after: Option<String>,
}

impl PageRequest {
    /// A request for at most `limit` items after the item with key `after`.
    #[must_use]
    pub fn new(limit: Option<u32>, after: Option<String>) -> Self {
        Self { limit, after }
    }

    /// Items wanted: 1 to [`MAX_LIMIT`].
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_outside_the_range_is_brought_into_it() {
        let limit = |l| PageRequest::new(l, None).limit();
        assert_eq!([limit(None), limit(Some(0)), limit(Some(7)), limit(Some(u32::MAX))], [100, 1, 7, 1000]);
    }
}
