//! What the engines say differently, in one place.
//!
//! Bulk input is one JSON parameter: an array of objects. A statement writes `EACH($1) AS e` in its FROM clause and reads
//! `e.value ->> 'field'`, which is text or NULL on both engines: `CAST(… AS BIGINT)` for numbers, `unhex(…)` for bytes sent as
//! hexadecimal digits. [`expand`] turns that into what the engine understands. Values never become SQL text.

use serde::Serialize;
use sqlx::AssertSqlSafe;

use crate::Engine;

/// Writes `EACH($n) AS name` the way `engine` reads it.
///
/// `name` must be `e`. Only our own static texts are expanded, which is why the result counts as safe.
#[must_use]
pub fn expand(engine: Engine, text: &'static str) -> AssertSqlSafe<String> {
    let mut out = String::with_capacity(text.len() + 40);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("EACH(") {
        let (parameter, tail) = after.split_once(") AS e").expect("EACH is written `EACH($n) AS e`");
        out.push_str(before);
        match engine {
            Engine::Sqlite => out.push_str(&format!("json_each({parameter}) AS e")),
            Engine::Postgres => out.push_str(&format!("json_array_elements(CAST({parameter} AS json)) AS e(value)")),
        }
        rest = tail;
    }
    out.push_str(rest);
    AssertSqlSafe(out)
}

/// The JSON parameter of a bulk statement.
///
/// # Panics
/// Never for types whose serialisation can't fail; ours are plain structs of numbers and texts.
#[must_use]
pub fn rows(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("plain structs of numbers and texts serialise")
}

/// Lower-case hexadecimal digits, for bytes inside a bulk parameter.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;
    use sqlx::Row as _;

    const TEXT: &str = "SELECT CAST(e.value ->> 'n' AS BIGINT) AS n, e.value ->> 't' AS t, unhex(e.value ->> 'b') AS b \
                        FROM EACH($1) AS e ORDER BY n";

    #[test]
    fn one_json_parameter_becomes_rows_on_both_engines() {
        each_engine(async |db| {
            let mut snapshot = db.read().await.unwrap();
            let input =
                serde_json::json!([{ "n": 2, "t": null, "b": null }, { "n": 1, "t": "é'\"", "b": hex(&[0, 255]) }]);
            let sql = expand(snapshot.engine(), TEXT);
            let found = sqlx::query(sql).bind(rows(&input)).fetch_all(snapshot.connection()).await.unwrap();
            assert_eq!(found[0].get::<i64, _>("n"), 1);
            assert_eq!(found[0].get::<String, _>("t"), "é'\"");
            assert_eq!(found[0].get::<Vec<u8>, _>("b"), vec![0, 255]);
            assert_eq!(found[1].get::<Option<String>, _>("t"), None);
        });
    }
}
