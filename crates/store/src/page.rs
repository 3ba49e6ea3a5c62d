//! Keyset paging: `WHERE key > $after ORDER BY key LIMIT limit + 1`.
//!
//! The one row too many tells whether there is a next page. The key must be unique and in the statement's order.

use dray_model::api::page::{Page, PageRequest};

use crate::StoreError;

/// Rows to fetch for a page: one more than it holds.
#[must_use]
pub fn fetch_limit(request: &PageRequest) -> i64 {
    i64::from(request.limit()) + 1
}

/// Makes the page from rows fetched with [`fetch_limit`]; `key` gives the paging key of an item.
pub fn cut<T>(request: &PageRequest, mut items: Vec<T>, key: impl FnOnce(&T) -> String) -> Page<T> {
    let limit = request.limit() as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(key) } else { None };
    Page { items, next }
}

/// A numeric key out of a cursor; a cursor that isn't ours starts before the first (`lowest`) row.
#[must_use]
pub fn number_after(request: &PageRequest, lowest: i64) -> i64 {
    request.after.as_deref().and_then(|text| text.parse().ok()).unwrap_or(lowest)
}

/// A size or count as it is stored; beyond what a column can hold, the most that it can.
#[must_use]
pub fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads rows in order, stopping at the first that can't be read.
pub fn read_all<R, T>(rows: &[R], read: impl Fn(&R) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_cursor() {
        let request = PageRequest::new(Some(2), None);
        assert_eq!(fetch_limit(&request), 3);
        assert_eq!(
            cut(&request, vec![1, 2, 3], ToString::to_string),
            Page { items: vec![1, 2], next: Some("2".into()) }
        );
        assert_eq!(cut(&request, vec![3], ToString::to_string), Page { items: vec![3], next: None });
    }
}
