//! What the content store holds, by kind of object.

use dray_model::api::content::{ContentStats, ObjectSums};

use crate::db::Snapshot;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;

/// Counts all objects. Looks at each row of contents, objects and updates once.
pub async fn stats(snapshot: &mut Snapshot) -> Result<ContentStats, StoreError> {
    const SQL: &str = "SELECT k.kind, COUNT(*) AS objects, CAST(SUM(k.size_bytes) AS BIGINT) AS bytes FROM ( \
                       SELECT o.size_bytes, CASE \
                       WHEN EXISTS (SELECT 1 FROM content_object_use AS u WHERE u.object = o.name) \
                       THEN CASE WHEN o.name LIKE 'manifests/%' THEN 'manifests' ELSE 'packs' END \
                       WHEN EXISTS (SELECT 1 FROM content_update_object AS u WHERE u.object = o.name) \
                       THEN CASE WHEN o.name LIKE 'updates/%' THEN 'updates' WHEN o.name LIKE 'packs/%' THEN 'segments' \
                       ELSE 'manifest-differences' END \
                       ELSE 'unneeded' END AS kind FROM content_object AS o \
                       UNION ALL SELECT c.size_bytes, 'contents' AS kind FROM content AS c \
                       UNION ALL SELECT o.size_bytes, 'damaged' AS kind FROM content_damage AS d \
                       JOIN content_object AS o ON o.name = d.object \
                       UNION ALL SELECT u.fetch_bytes, 'fetch' AS kind FROM content_update AS u \
                       UNION ALL SELECT u.without_bytes, 'without' AS kind FROM content_update AS u) AS k GROUP BY k.kind";
    let rows = sqlx::query(SQL).fetch_all(snapshot.connection()).await.attempt("count what the content store holds")?;
    let mut stats = ContentStats::default();
    for row in &rows {
        let record = Record::new("content_object", "kind", row);
        let sums = ObjectSums { count: record.size("objects")?, bytes: record.size("bytes")? };
        match record.text("kind")?.as_str() {
            "contents" => stats.contents = sums,
            "manifests" => stats.manifests = sums,
            "packs" => stats.packs = sums,
            "updates" => stats.updates = sums,
            "segments" => stats.segments = sums,
            "manifest-differences" => stats.manifest_differences = sums,
            "damaged" => stats.damaged = sums,
            "fetch" => stats.update_fetch_bytes = sums.bytes,
            "without" => stats.without_update_bytes = sums.bytes,
            _ => stats.unneeded = sums,
        }
    }
    Ok(stats)
}
