//! What a client reports about itself: values by class and property of the [inventory catalogue](crate::inventory).
//!
//! This one value is taken by the agent, decided on there, sent, kept by the site, asked by queries and shown. The rules that
//! make a fact of what a system says stand here and nowhere else, so that a device and the databases can't disagree: NUL
//! characters are dropped (PostgreSQL has none), long texts are cut, numbers end at `i64::MAX`, and a value that isn't of its
//! property's kind is no fact. What isn't known is absent, and makes a comparison false.

#[cfg(feature = "openapi")]
mod schema;
mod table;
mod value;
mod wire;

use crate::inventory::Class;

pub use table::{Row, Table};
pub use value::{TEXT_BYTES_MAX, VERSION_BYTES_MAX, Value};

/// One client's inventory. [`Facts::default`] is that of a client that never reported any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// One for each class, in their order.
    tables: Vec<Table>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { tables: Class::all().map(Table::new).collect() }
    }
}

impl Facts {
    /// The rows of a class.
    #[must_use]
    pub fn table(&self, class: Class) -> &Table {
        &self.tables[class.place()]
    }

    /// All tables, those without rows included, in the order of the catalogue.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter()
    }

    /// Puts the table in place of that of its class.
    pub fn set(&mut self, table: Table) {
        let place = table.class().place();
        self.tables[place] = table;
    }

    /// The same with this table.
    #[must_use]
    pub fn with(mut self, table: Table) -> Self {
        self.set(table);
        self
    }

    /// The row of the device itself; one without values when it reported none.
    #[must_use]
    pub fn device(&self) -> Row<'_> {
        self.table(Class::DEVICE).row()
    }
}
