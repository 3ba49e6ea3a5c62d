//! The rows of a table as a file: a JSON array a line, compressed.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use dray_store::backup::{self, Column};
use dray_store::{Snapshot, WriteTx};
use serde_json::Value;

use super::BackupError;
use super::files::{Digesting, create, damaged, failed, inside};
use super::manifest::TablePart;

/// zstd's own default.
const LEVEL: i32 = 3;
/// Longest row: a signed document, a status message with its output, written as JSON.
const LINE_MAX: u64 = 64 << 20;
/// Rows written back in one statement, and the bytes of their lines after which it is enough.
const ROWS_AT_ONCE: usize = 1000;
const BYTES_AT_ONCE: usize = 8 << 20;

/// Writes a table's rows into the backup in `folder`.
pub(super) async fn write(
    snapshot: &mut Snapshot,
    folder: &Path,
    table: &'static str,
) -> Result<TablePart, BackupError> {
    let columns = backup::columns(snapshot, table).await?;
    let last_id = backup::last_id(snapshot, table).await?;
    let name = format!("database/{table}.jsonl.zst");
    let path = folder.join(&name);
    let written = || failed("write", &path);
    let file = Digesting::new(BufWriter::new(create(&path)?));
    let mut encoder = zstd::Encoder::new(file, LEVEL).map_err(written())?;
    encoder.include_checksum(true).map_err(written())?;
    let rows = backup::rows(snapshot, table, &columns, |row| -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(&row).expect("numbers and texts have a JSON form");
        line.push(b'\n');
        encoder.write_all(&line).map_err(written())
    });
    let rows = rows.await?;
    let (file, part) = encoder.finish().map_err(written())?.finish(name);
    let file = file.into_inner().map_err(|error| written()(error.into_error()))?;
    file.sync_all().map_err(written())?;
    Ok(TablePart { table: table.to_owned(), columns, rows, last_id, file: part })
}

/// Hands the rows of a table's file to `take`, some at a time.
async fn read(
    folder: &Path,
    part: &TablePart,
    mut take: impl AsyncFnMut(Vec<Vec<Value>>) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let path = inside(folder, &part.file.path)?;
    let decoder = File::open(&path).and_then(zstd::Decoder::new).map_err(failed("read", &path))?;
    let mut lines = BufReader::new(decoder);
    let (mut rows, mut bytes, mut count) = (Vec::new(), 0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        lines.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).map_err(failed("read", &path))?;
        let is_over = line.is_empty();
        if !is_over {
            rows.push(row(&line, &part.columns).map_err(|what| damaged(&path, what))?);
            bytes += line.len();
            count += 1;
        }
        if !rows.is_empty() && (is_over || rows.len() >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE) {
            take(std::mem::take(&mut rows)).await?;
            bytes = 0;
        }
        if is_over {
            break;
        }
    }
    if count == part.rows { Ok(()) } else { Err(damaged(&path, format!("has {count} rows instead of {}", part.rows))) }
}

fn row(line: &[u8], columns: &[Column]) -> Result<Vec<Value>, String> {
    let row: Vec<Value> =
        serde_json::from_slice(line).map_err(|error| format!("has a line that is no row: {error}"))?;
    let is_plain = row.iter().all(|value| value.is_null() || value.is_i64() || value.is_string());
    if row.len() == columns.len() && is_plain { Ok(row) } else { Err("has a row of another form".to_owned()) }
}

/// Reads a table's rows and throws them away: whether they can be read.
pub(super) async fn check(folder: &Path, part: &TablePart) -> Result<(), BackupError> {
    read(folder, part, async |_| Ok(())).await
}

/// Writes a table's rows back into the database.
pub(super) async fn load(tx: &mut WriteTx, folder: &Path, part: &TablePart) -> Result<(), BackupError> {
    let unknown = |what: &str| damaged(&folder.join(&part.file.path), what);
    let table = backup::table(&part.table).ok_or_else(|| unknown("is of a table that is not known"))?;
    let known = backup::columns(tx, table).await?;
    if part.columns != known {
        return Err(unknown("has other columns than the database"));
    }
    read(folder, part, async |rows| Ok(backup::insert(tx, table, &part.columns, &rows).await?)).await?;
    if let Some(last) = part.last_id {
        backup::settle_ids(tx, table, last).await?;
    }
    Ok(())
}
