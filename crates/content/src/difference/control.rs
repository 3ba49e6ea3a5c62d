//! The encoding of a difference: which bytes come from where, then the streams that hold what differs.
//!
//! Runs are cut where the base is repeated without a change for long, so that the byte-wise difference holds few zeros. Lengths
//! and places are written column by column, because each column resembles itself. An operation makes at least one byte.

use super::matching::Run;
use super::{Level, alike, stream};
use crate::codec::{DecodeError, Reader, put_signed, put_varint, within};

/// The only form there is: runs of the base as they are.
const FORM_PLAIN: u8 = 0;
/// A change ends when so many bytes after it are as in the base; fewer are cheaper as zeros in the difference. Measured: at the
/// publish level, whose zstd spends more on zeros, 16 gives 7 to 10 % fewer bytes than 64; at the background level 64 is better.
const fn unchanged_bytes_min(level: Level) -> usize {
    match level {
        Level::Publish => 16,
        Level::Background => 64,
    }
}

/// Operations for so many bytes of output: one. More are refused, so that a lie can't cost memory.
const BYTES_PER_OPERATION: usize = 16;

/// One step of building the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Operation {
    /// Where the bytes of the base begin, from the end of those that the operation before used.
    pub seek: i64,
    /// Bytes of the base as they are.
    pub same: usize,
    /// Bytes of the base with the difference added.
    pub changed: usize,
    /// Bytes that the base doesn't have.
    pub extra: usize,
}

impl Operation {
    fn is_empty(&self) -> bool {
        self.same == 0 && self.changed == 0 && self.extra == 0
    }
}

/// All steps of building the output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Control {
    pub operations: Vec<Operation>,
}

/// A difference, taken apart.
#[derive(Debug)]
pub(super) struct Parts {
    pub control: Control,
    pub difference: Vec<u8>,
    pub extra: Vec<u8>,
}

fn operations_max(length: usize) -> usize {
    length / BYTES_PER_OPERATION + 1
}

impl Control {
    /// The steps that follow `runs`.
    pub(super) fn new(base: &[u8], new: &[u8], runs: &[Run], level: Level) -> Self {
        let gap = unchanged_bytes_min(level);
        let mut operations = Vec::with_capacity(runs.len());
        let mut made = 0;
        let mut place = 0;
        for run in runs {
            let first = operations.len();
            cut(&base[run.base..run.base + run.beside], &new[made..made + run.beside], gap, &mut operations);
            if let Some(operation) = operations.get_mut(first) {
                operation.seek = run.base as i64 - place as i64;
                place = run.base + run.beside;
            }
            made += run.beside + run.extra;
            match operations.last_mut() {
                Some(last) => last.extra += run.extra,
                None => operations.push(Operation { extra: run.extra, ..Operation::default() }),
            }
        }
        operations.retain(|operation| !operation.is_empty());
        if operations.len() > operations_max(new.len()) {
            operations = vec![Operation { extra: new.len(), ..Operation::default() }];
        }
        Self { operations }
    }

    /// The difference that makes `new`.
    pub(super) fn encode(&self, base: &[u8], new: &[u8], level: Level) -> Vec<u8> {
        let (mut difference, mut extra) = (Vec::new(), Vec::new());
        let (mut place, mut made) = (0usize, 0usize);
        for operation in &self.operations {
            place = place.checked_add_signed(operation.seek as isize).expect("runs lie in the base") + operation.same;
            made += operation.same;
            let changed = new[made..][..operation.changed].iter().zip(&base[place..][..operation.changed]);
            difference.extend(changed.map(|(new, old)| new.wrapping_sub(*old)));
            (place, made) = (place + operation.changed, made + operation.changed);
            extra.extend_from_slice(&new[made..][..operation.extra]);
            made += operation.extra;
        }
        self.with_streams(&difference, &extra, |out, plain| stream::put(out, plain, level))
    }

    fn with_streams(&self, difference: &[u8], extra: &[u8], put: impl Fn(&mut Vec<u8>, &[u8])) -> Vec<u8> {
        let mut out = vec![FORM_PLAIN];
        let columns = self.columns();
        put_varint(&mut out, self.operations.len() as u64);
        put_varint(&mut out, columns.len() as u64);
        for plain in [&columns, difference, extra] {
            put(&mut out, plain);
        }
        out
    }

    fn columns(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.operations.iter().for_each(|operation| put_varint(&mut out, operation.same as u64));
        self.operations.iter().for_each(|operation| put_varint(&mut out, operation.changed as u64));
        self.operations.iter().for_each(|operation| put_varint(&mut out, operation.extra as u64));
        self.operations.iter().for_each(|operation| put_signed(&mut out, operation.seek));
        out
    }

    /// Reads what [`Control::columns`] wrote, for an output of `length` bytes. The lengths add up to it.
    fn read(columns: &[u8], count: usize, length: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("difference", columns);
        let mut operations = vec![Operation::default(); count];
        let mut left = length;
        let mut read = |reader: &mut Reader<'_>| -> Result<usize, DecodeError> {
            let value = usize::try_from(reader.bounded("bytes in an operation", left as u64)?).expect("it is bounded");
            left -= value;
            Ok(value)
        };
        for operation in &mut operations {
            operation.same = read(&mut reader)?;
        }
        for operation in &mut operations {
            operation.changed = read(&mut reader)?;
        }
        for operation in &mut operations {
            operation.extra = read(&mut reader)?;
        }
        for operation in &mut operations {
            operation.seek = reader.signed()?;
        }
        if left > 0 || operations.iter().any(Operation::is_empty) {
            return Err(reader.malformed("its operations do not add up to the output"));
        }
        reader.end()?;
        Ok(Self { operations })
    }

    fn sum(&self, of: impl Fn(&Operation) -> usize) -> usize {
        self.operations.iter().map(of).sum()
    }
}

impl Parts {
    /// Takes apart a difference for an output of `length` bytes. What it takes in memory is bounded by that.
    pub(super) fn decode(bytes: &[u8], length: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("difference", bytes);
        if reader.u8()? != FORM_PLAIN {
            return Err(reader.malformed("its form is unknown"));
        }
        let count = reader.bounded("operations", operations_max(length) as u64)? as usize;
        let columns_length = within("bytes of operations", reader.varint()?, count as u64 * COLUMN_BYTES_MAX)? as usize;
        let columns = stream::take(&mut reader, columns_length)?;
        let control = Control::read(&columns, count, length)?;
        let difference = stream::take(&mut reader, control.sum(|operation| operation.changed))?;
        let extra = stream::take(&mut reader, control.sum(|operation| operation.extra))?;
        reader.end()?;
        Ok(Self { control, difference, extra })
    }

    /// The same difference with its streams as they are.
    pub(super) fn encode_raw(&self) -> Vec<u8> {
        self.control.with_streams(&self.difference, &self.extra, stream::put_raw)
    }
}

/// An operation's columns: three lengths of at most 4 bytes and a place of at most 10.
const COLUMN_BYTES_MAX: u64 = 3 * 4 + 10;

/// Cuts a run where `gap` bytes or more are as in the base.
fn cut(base: &[u8], new: &[u8], gap: usize, operations: &mut Vec<Operation>) {
    let mut start = 0;
    while start < new.len() {
        let same = alike::prefix(&base[start..], &new[start..]);
        let change = start + same;
        let mut end = change;
        while end < new.len() {
            end += 1;
            let unchanged = alike::prefix(&base[end..], &new[end..new.len().min(end + gap)]);
            if unchanged == gap || end + unchanged == new.len() {
                break;
            }
            end += unchanged;
        }
        operations.push(Operation { same, changed: end - change, ..Operation::default() });
        start = end;
    }
}
