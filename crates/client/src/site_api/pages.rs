//! Lists, page by page or all at once.

use std::marker::PhantomData;

use dray_model::api::page::{MAX_LIMIT, Page};
use serde::de::DeserializeOwned;

use super::SiteApi;
use crate::address::PathAndQuery;
use crate::error::ClientError;

/// A list that is fetched as it is read.
#[must_use = "a list is fetched by reading it"]
pub struct Pages<'a, T> {
    api: &'a SiteApi,
    path: PathAndQuery,
    next: Next,
    items: PhantomData<fn() -> T>,
}

enum Next {
    First,
    At(String),
    End,
}

impl<'a, T: DeserializeOwned> Pages<'a, T> {
    pub(super) fn new(api: &'a SiteApi, path: PathAndQuery) -> Self {
        Self { api, path, next: Next::First, items: PhantomData }
    }

    /// The next page, of at most `limit` items (1 to 1000); `None` after the last.
    ///
    /// # Errors
    /// [`ClientError`]; the same page may be asked for again.
    pub async fn next(&mut self, limit: u32) -> Result<Option<Vec<T>>, ClientError> {
        let path = self.path.clone().query("limit", limit.clamp(1, MAX_LIMIT));
        let path = match &self.next {
            Next::First => path,
            Next::At(cursor) => path.query("cursor", cursor),
            Next::End => return Ok(None),
        };
        let page: Page<T> = self.api.get(path).await?;
        self.next = match page.next {
            // A cursor that leads back to where we are would never end.
            Some(cursor) if !matches!(&self.next, Next::At(now) if *now == cursor) => Next::At(cursor),
            _ => Next::End,
        };
        Ok(Some(page.items))
    }

    /// All that is left, in as few requests as possible.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn all(self) -> Result<Vec<T>, ClientError> {
        self.first(usize::MAX).await
    }

    /// The first `count` of what is left.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn first(mut self, count: usize) -> Result<Vec<T>, ClientError> {
        let mut items = Vec::new();
        while items.len() < count {
            let wanted = u32::try_from(count - items.len()).unwrap_or(MAX_LIMIT);
            match self.next(wanted).await? {
                Some(page) => items.extend(page),
                None => break,
            }
        }
        items.truncate(count);
        Ok(items)
    }
}
