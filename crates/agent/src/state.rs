//! The agent's memory: the state of its decisions and the outbox of messages, in one database that changes as a whole.
//!
//! Without this memory the agent would not know what it ran, and would number its messages from 1 again; so a missing, damaged
//! or newer database is refused and never replaced by a new one. To change what is kept: raise [`Store::FORMAT`] and convert at open.

mod error;
mod outbox;
mod told;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dray_agent_core::State;
use dray_model::Digest;
use dray_model::history::Holds;
use dray_model::status::StatusMessage;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use error::Attempt;
pub use error::StoreError;
use outbox::raw;
pub use outbox::{Refusals, Refused, Waiting};
pub use told::{FactsTold, Taken};

/// Numbers and texts by name: the format, the decisions' state, what was last told to the site.
const NOTES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("notes");
/// Messages that the site has not kept yet, by their number.
const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");

const NOTE_FORMAT: &str = "format";
const NOTE_STATE: &str = "state";
const NOTE_FACTS: &str = "facts";
const NOTE_REFUSED: &str = "refused";
const NOTE_HOLDS: &str = "holds";
const NOTE_POLICY: &str = "policy";

/// Memory that the database may use for pages: the agent's state is small.
const CACHE_BYTES: usize = 1 << 20;

/// The database of one agent.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// Absent between a failed write and the next opening that works.
    database: Option<Database>,
    /// Digest of the state that was committed last by this process.
    kept: Option<Digest>,
}

impl Store {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// Makes the memory of a device that has just enrolled, instead of one that may be there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn recreate(path: &Path) -> Result<Self, StoreError> {
        let attempt = Attempt::new("make", path);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(attempt.failed(error.into())),
            _ => {}
        }
        let database = builder().create(path).map_err(|error| attempt.failed(error.into()))?;
        crate::platform::set_private(path).map_err(|error| attempt.failed(error.into()))?;
        let store = Self { path: path.to_owned(), database: Some(database), kept: None };
        let format = Self::FORMAT.to_le_bytes();
        let state = encode(&State::new());
        store.write("make", |tables| {
            tables.notes.insert(NOTE_FORMAT, &format[..])?;
            tables.notes.insert(NOTE_STATE, &state[..])?;
            Ok(())
        })?;
        dray_content::durable::sync_parent(path).map_err(|error| attempt.failed(error.into()))?;
        Ok(store)
    }

    /// Opens the memory, after a crash too.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::Newer`], or the disk's own.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let attempt = Attempt::new("open", path);
        if !path.try_exists().map_err(|error| attempt.failed(error.into()))? {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let database = builder().open(path).map_err(|error| attempt.failed(error.into()))?;
        let store = Self { path: path.to_owned(), database: Some(database), kept: None };
        let format = store.note(NOTE_FORMAT)?.and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        match format {
            Some(Self::FORMAT) => Ok(store),
            Some(found) => Err(StoreError::Newer { path: path.to_owned(), found, known: Self::FORMAT }),
            None => Err(store.damaged("it has no format".to_owned())),
        }
    }

    /// The state that was committed last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn state(&self) -> Result<State, StoreError> {
        let bytes = self.note(NOTE_STATE)?.ok_or_else(|| self.damaged("it has no state".to_owned()))?;
        serde_json::from_slice(&bytes).map_err(|error| self.damaged(format!("its state: {error}")))
    }

    /// Keeps a state, the messages that came with it and the policy that was taken, together, on disk. What is already there is not written again.
    ///
    /// # Errors
    /// [`StoreError::Database`], as when the disk is full: nothing was kept then, and it may be tried again after
    /// [`Store::reopen`].
    pub fn commit(
        &mut self,
        state: &State,
        messages: &[StatusMessage],
        taken: Option<&Taken>,
    ) -> Result<(), StoreError> {
        let state = encode(state);
        let digest = Digest::of(&state);
        if messages.is_empty() && taken.is_none() && self.kept == Some(digest) {
            return Ok(());
        }
        self.write("write to", |tables| {
            tables.notes.insert(NOTE_STATE, &state[..])?;
            for message in messages {
                tables.outbox.insert(message.number, &encode(message)[..])?;
            }
            if let Some(taken) = taken {
                tables.notes.insert(NOTE_HOLDS, taken.holds.to_string().as_bytes())?;
                tables.notes.insert(NOTE_POLICY, &taken.envelope[..])?;
            }
            Ok(())
        })?;
        self.kept = Some(digest);
        Ok(())
    }

    /// The oldest messages of the outbox: at most `max`, and no more than fit into `bytes_max`, but one in any case.
    ///
    /// They come as they were kept, so that an agent sends on what a newer one wrote.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outbox(&self, max: usize, bytes_max: usize) -> Result<Vec<Waiting>, StoreError> {
        let attempt = Attempt::new("read", &self.path);
        let rows = || -> Result<Vec<Waiting>, redb::Error> {
            let outbox = self.database()?.begin_read()?.open_table(OUTBOX)?;
            let (mut rows, mut bytes) = (Vec::new(), 0);
            for row in outbox.iter()?.take(max) {
                let (number, body) = row?;
                bytes += body.value().len();
                if bytes > bytes_max && !rows.is_empty() {
                    break;
                }
                rows.push(Waiting { number: number.value(), body: raw(body.value()) });
            }
            Ok(rows)
        };
        rows().map_err(|error| attempt.failed(error))
    }

    /// How many messages wait in the outbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outbox_len(&self) -> Result<u64, StoreError> {
        let attempt = Attempt::new("read", &self.path);
        let count = || -> Result<u64, redb::Error> { Ok(self.database()?.begin_read()?.open_table(OUTBOX)?.len()?) };
        count().map_err(|error| attempt.failed(error))
    }

    /// Takes messages out of the outbox that the site has answered: those that it keeps, and those that it refuses for good, which
    /// are counted.
    ///
    /// # Errors
    /// [`StoreError::Database`]; they are sent again then, which does no harm.
    pub fn answered(&self, numbers: &BTreeSet<u64>, refused: &[Refused]) -> Result<(), StoreError> {
        let count = self.refused()?.count.saturating_add(refused.len() as u64);
        let refusals = refused.last().map(|last| encode(&Refusals { count, last: Some(last.clone()) }));
        self.write("write to", |tables| {
            for number in numbers {
                tables.outbox.remove(number)?;
            }
            if let Some(refusals) = &refusals {
                tables.notes.insert(NOTE_REFUSED, &refusals[..])?;
            }
            Ok(())
        })
    }

    /// What the site refused since this device enrolled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn refused(&self) -> Result<Refusals, StoreError> {
        // A note that can't be read costs a count, nothing else.
        Ok(self.note(NOTE_REFUSED)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// Which facts the site has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn facts_told(&self) -> Result<Option<FactsTold>, StoreError> {
        Ok(self.note(NOTE_FACTS)?.and_then(|bytes| FactsTold::from_bytes(&bytes)))
    }

    /// Remembers which facts the site has.
    ///
    /// # Errors
    /// [`StoreError::Database`]; they are sent again then, which does no harm.
    pub fn set_facts_told(&self, told: &FactsTold) -> Result<(), StoreError> {
        self.write("write to", |tables| {
            tables.notes.insert(NOTE_FACTS, &told.to_bytes()[..])?;
            Ok(())
        })
    }

    /// Has the facts sent again: the site has forgotten them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn forget_facts_told(&self) -> Result<(), StoreError> {
        self.write("write to", |tables| {
            tables.notes.remove(NOTE_FACTS)?;
            Ok(())
        })
    }

    /// Which policy was taken last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn holds(&self) -> Result<Option<Holds>, StoreError> {
        let text = self.note(NOTE_HOLDS)?;
        Ok(text.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok()))
    }

    /// That policy in its signed envelope.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held_policy(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.note(NOTE_POLICY)
    }

    /// Opens the database again: after a failed write the old handle refuses everything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        // The lock on the file goes with the old handle, so that goes first.
        self.database = None;
        self.database = Self::open(&self.path)?.database;
        Ok(())
    }

    fn database(&self) -> Result<&Database, redb::Error> {
        self.database.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    fn note(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let attempt = Attempt::new("read", &self.path);
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let transaction = self.database()?.begin_read()?;
            let notes = match transaction.open_table(NOTES) {
                Ok(notes) => notes,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(notes.get(name)?.map(|bytes| bytes.value().to_vec()))
        };
        read().map_err(|error| attempt.failed(error))
    }

    fn write(
        &self,
        what: &'static str,
        change: impl FnOnce(&mut Tables<'_>) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let commit = || -> Result<(), redb::Error> {
            let transaction = self.database()?.begin_write()?;
            change(&mut Tables { notes: transaction.open_table(NOTES)?, outbox: transaction.open_table(OUTBOX)? })?;
            transaction.commit()?;
            Ok(())
        };
        commit().map_err(|error| Attempt::new(what, &self.path).failed(error))
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), what }
    }
}

/// The tables of a write.
struct Tables<'t> {
    notes: redb::Table<'t, &'static str, &'static [u8]>,
    outbox: redb::Table<'t, u64, &'static [u8]>,
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    // A file that something else has changed is reported, where a plain open may panic.
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

fn encode<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("the agent's types have a JSON form")
}

#[cfg(test)]
mod tests;
