//! What becomes of expressions in SQL: plain comparisons that indexes serve, and nothing of their text.

use dray_expression::parse;
use dray_query::{Dialect, Limits, SqlPredicate, SqlValue};

fn sql(text: &str, dialect: Dialect) -> SqlPredicate {
    parse(text, &Limits::default()).unwrap().to_sql(dialect, 3)
}

#[test]
fn a_comparison_is_plain_so_that_an_index_serves_it() {
    let predicate = sql(r#"platform == "linux" && name != "x""#, Dialect::Sqlite);
    assert_eq!(predicate.text, "(f.platform = $3 AND d.name <> $4)");
    assert_eq!(predicate.params, [SqlValue::Text("linux".into()), SqlValue::Text("x".into())]);
}

#[test]
fn versions_compare_by_key_in_byte_order() {
    assert_eq!(sql(r#""12" <= os_version"#, Dialect::Sqlite).text, "f.os_version_key >= $3");
    assert_eq!(sql(r#""12" <= os_version"#, Dialect::Postgres).text, r#"f.os_version_key COLLATE "C" >= $3"#);
}

#[test]
fn a_negation_takes_unknown_for_false() {
    assert_eq!(sql("!(processors > 4)", Dialect::Sqlite).text, "(f.processors > $3) IS NOT TRUE");
}

#[test]
fn lists_become_subqueries_joined_by_the_device() {
    assert_eq!(
        sql("disks.exists(d, software.all(s, s.name != d.mount))", Dialect::Postgres).text,
        "EXISTS (SELECT 1 FROM device_disk r1 WHERE r1.device_id = f.device_id AND \
         NOT EXISTS (SELECT 1 FROM device_software r2 WHERE r2.device_id = f.device_id AND (r2.name <> r1.mount) IS NOT TRUE))"
    );
    assert_eq!(
        sql("size(disks) == 0", Dialect::Sqlite).text,
        "(SELECT COUNT(*) FROM device_disk s WHERE s.device_id = f.device_id) = $3"
    );
}

#[test]
fn text_never_becomes_sql() {
    let hostile = r#"host_name == "'; DROP TABLE device; --" || host_name.contains("$1 %_\\")"#;
    let predicate = sql(hostile, Dialect::Postgres);
    assert_eq!(predicate.text, "(f.host_name = $3 OR strpos(f.host_name, $4) > 0)");
    assert_eq!(predicate.params[1], SqlValue::Text("$1 %_\\".into()));
}
