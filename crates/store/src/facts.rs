//! What devices tell of themselves, in the tables of `dray_query`'s catalogue: exactly its [`FactRows`], class by class.
//!
//! Each class has a digest, so that facts told again cost one row's reading and only the classes that changed are written.

use std::collections::BTreeSet;

use dray_model::facts::{Address, Disk, Facts, Software};
use dray_model::{DeviceId, Digest, Timestamp};
use dray_query::{AddressRow, Class, DeviceRow, DiskRow, FactRows, SoftwareRow};
use serde::Serialize;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// Digests of a device's facts by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactDigests {
    device: Digest,
    disks: Digest,
    addresses: Digest,
    software: Digest,
}

impl FactDigests {
    /// Of these rows, in their order.
    #[must_use]
    pub fn of(rows: &FactRows) -> Self {
        Self {
            device: digest(&rows.device),
            disks: digest(&rows.disks),
            addresses: digest(&rows.addresses),
            software: digest(&rows.software),
        }
    }

    /// The classes whose rows are not those of `former`; all of them when there was nothing before.
    #[must_use]
    pub fn changed(&self, former: Option<&Self>) -> BTreeSet<Class> {
        let all = [Class::Device, Class::Disks, Class::Addresses, Class::Software];
        all.into_iter().filter(|class| former.is_none_or(|former| former.get(*class) != self.get(*class))).collect()
    }

    fn get(&self, class: Class) -> &Digest {
        match class {
            Class::Device => &self.device,
            Class::Disks => &self.disks,
            Class::Addresses => &self.addresses,
            Class::Software => &self.software,
        }
    }
}

fn digest(rows: &impl Serialize) -> Digest {
    Digest::of(sql::rows(rows).as_bytes())
}

/// Digests of the device's facts as they are kept; `None` when it never told any.
pub async fn digests(snapshot: &mut Snapshot, device: DeviceId) -> Result<Option<FactDigests>, StoreError> {
    const SQL: &str = "SELECT device_id, device_digest, disks_digest, addresses_digest, software_digest FROM device_facts \
                       WHERE device_id = $1";
    let row = sqlx::query(SQL)
        .bind(device.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the digests of a device's facts")?;
    row.map(|row| {
        let record = Record::new("device_facts", "device_id", &row);
        Ok(FactDigests {
            device: record.digest("device_digest")?,
            disks: record.digest("disks_digest")?,
            addresses: record.digest("addresses_digest")?,
            software: record.digest("software_digest")?,
        })
    })
    .transpose()
}

/// Replaces the rows of the classes in `changed` by those in `rows`, whose digests are `digests`.
pub async fn replace(
    tx: &mut WriteTx,
    device: DeviceId,
    rows: &FactRows,
    digests: &FactDigests,
    changed: &BTreeSet<Class>,
    at: Timestamp,
) -> Result<(), StoreError> {
    replace_device(tx, device, &rows.device, digests, at).await?;
    if changed.contains(&Class::Disks) {
        let insert = "INSERT INTO device_disk (device_id, place, mount, size_bytes, free_bytes) \
                      SELECT $1, CAST(e.value ->> 'place' AS BIGINT), e.value ->> 'mount', \
                      CAST(e.value ->> 'size_bytes' AS BIGINT), CAST(e.value ->> 'free_bytes' AS BIGINT) FROM EACH($2) AS e";
        replace_list(tx, device, "DELETE FROM device_disk WHERE device_id = $1", insert, &rows.disks).await?;
    }
    if changed.contains(&Class::Addresses) {
        let insert = "INSERT INTO device_address (device_id, place, interface, ip, ip_key, prefix) \
                      SELECT $1, CAST(e.value ->> 'place' AS BIGINT), e.value ->> 'interface', e.value ->> 'ip', \
                      e.value ->> 'ip_key', CAST(e.value ->> 'prefix' AS BIGINT) FROM EACH($2) AS e";
        replace_list(tx, device, "DELETE FROM device_address WHERE device_id = $1", insert, &rows.addresses).await?;
    }
    if changed.contains(&Class::Software) {
        let insert = "INSERT INTO device_software (device_id, place, name, version, version_key) \
                      SELECT $1, CAST(e.value ->> 'place' AS BIGINT), e.value ->> 'name', e.value ->> 'version', \
                      e.value ->> 'version_key' FROM EACH($2) AS e";
        replace_list(tx, device, "DELETE FROM device_software WHERE device_id = $1", insert, &rows.software).await?;
    }
    Ok(())
}

async fn replace_device(
    tx: &mut WriteTx,
    device: DeviceId,
    row: &DeviceRow,
    digests: &FactDigests,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO device_facts (device_id, platform, os_name, os_version, os_version_key, architecture, \
        host_name, memory_bytes, processors, agent_version, agent_version_key, taken_at, device_digest, disks_digest, \
        addresses_digest, software_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
        ON CONFLICT (device_id) DO UPDATE SET platform = excluded.platform, os_name = excluded.os_name, \
        os_version = excluded.os_version, os_version_key = excluded.os_version_key, architecture = excluded.architecture, \
        host_name = excluded.host_name, memory_bytes = excluded.memory_bytes, processors = excluded.processors, \
        agent_version = excluded.agent_version, agent_version_key = excluded.agent_version_key, \
        taken_at = excluded.taken_at, device_digest = excluded.device_digest, disks_digest = excluded.disks_digest, \
        addresses_digest = excluded.addresses_digest, software_digest = excluded.software_digest";
    sqlx::query(SQL)
        .bind(device.number())
        .bind(row.platform.as_deref())
        .bind(row.os_name.as_deref())
        .bind(row.os_version.as_deref())
        .bind(row.os_version_key.as_deref())
        .bind(row.architecture.as_deref())
        .bind(row.host_name.as_deref())
        .bind(row.memory_bytes)
        .bind(row.processors)
        .bind(row.agent_version.as_deref())
        .bind(row.agent_version_key.as_deref())
        .bind(at.micros())
        .bind(digests.device.as_bytes().as_slice())
        .bind(digests.disks.as_bytes().as_slice())
        .bind(digests.addresses.as_bytes().as_slice())
        .bind(digests.software.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("keep the facts of a device")?;
    Ok(())
}

async fn replace_list<T: Serialize>(
    tx: &mut WriteTx,
    device: DeviceId,
    delete: &'static str,
    insert: &'static str,
    list: &[T],
) -> Result<(), StoreError> {
    #[derive(Serialize)]
    struct Placed<'a, T> {
        place: usize,
        #[serde(flatten)]
        row: &'a T,
    }
    let rows: Vec<_> = list.iter().enumerate().map(|(place, row)| Placed { place, row }).collect();
    sqlx::query(delete).bind(device.number()).execute(tx.connection()).await.attempt("replace facts of a device")?;
    sqlx::query(sql::expand(tx.engine(), insert))
        .bind(device.number())
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("keep a list of facts of a device")?;
    Ok(())
}

/// The device's facts as they are kept; `None` when it never told any.
pub async fn find(snapshot: &mut Snapshot, device: DeviceId) -> Result<Option<FactRows>, StoreError> {
    const DEVICE: &str = "SELECT device_id, platform, os_name, os_version, os_version_key, architecture, host_name, \
                          memory_bytes, processors, agent_version, agent_version_key FROM device_facts WHERE device_id = $1";
    const DISKS: &str =
        "SELECT device_id, mount, size_bytes, free_bytes FROM device_disk WHERE device_id = $1 ORDER BY place";
    const ADDRESSES: &str =
        "SELECT device_id, interface, ip, ip_key, prefix FROM device_address WHERE device_id = $1 ORDER BY place";
    const SOFTWARE: &str =
        "SELECT device_id, name, version, version_key FROM device_software WHERE device_id = $1 ORDER BY place";
    let Some(row) = sqlx::query(DEVICE)
        .bind(device.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("read the facts of a device")?
    else {
        return Ok(None);
    };
    let list = async |snapshot: &mut Snapshot, text: &'static str| {
        let rows = sqlx::query(text).bind(device.number()).fetch_all(snapshot.connection()).await;
        rows.attempt("read a list of facts of a device")
    };
    Ok(Some(FactRows {
        device: read_device(&Record::new("device_facts", "device_id", &row))?,
        disks: page::read_all(&list(snapshot, DISKS).await?, |row| {
            read_disk(&Record::new("device_disk", "device_id", row))
        })?,
        addresses: page::read_all(&list(snapshot, ADDRESSES).await?, |row| {
            read_address(&Record::new("device_address", "device_id", row))
        })?,
        software: page::read_all(&list(snapshot, SOFTWARE).await?, |row| {
            read_software(&Record::new("device_software", "device_id", row))
        })?,
    }))
}

fn read_device(record: &Record<'_>) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        platform: record.optional("platform", Record::text)?,
        os_name: record.optional("os_name", Record::text)?,
        os_version: record.optional("os_version", Record::text)?,
        os_version_key: record.optional("os_version_key", Record::text)?,
        architecture: record.optional("architecture", Record::text)?,
        host_name: record.optional("host_name", Record::text)?,
        memory_bytes: record.optional("memory_bytes", Record::number)?,
        processors: record.optional("processors", Record::number)?,
        agent_version: record.optional("agent_version", Record::text)?,
        agent_version_key: record.optional("agent_version_key", Record::text)?,
    })
}

fn read_disk(record: &Record<'_>) -> Result<DiskRow, StoreError> {
    Ok(DiskRow {
        mount: record.text("mount")?,
        size_bytes: record.number("size_bytes")?,
        free_bytes: record.number("free_bytes")?,
    })
}

fn read_address(record: &Record<'_>) -> Result<AddressRow, StoreError> {
    Ok(AddressRow {
        interface: record.text("interface")?,
        ip: record.text("ip")?,
        ip_key: record.optional("ip_key", Record::text)?,
        prefix: record.number("prefix")?,
    })
}

fn read_software(record: &Record<'_>) -> Result<SoftwareRow, StoreError> {
    Ok(SoftwareRow {
        name: record.text("name")?,
        version: record.text("version")?,
        version_key: record.text("version_key")?,
    })
}

/// The facts as people read them: rows without their keys.
#[must_use]
pub fn to_facts(rows: FactRows) -> Facts {
    let size = |number: i64| u64::try_from(number).unwrap_or(0);
    let device = rows.device;
    Facts {
        platform: device.platform.unwrap_or_default(),
        os_name: device.os_name,
        os_version: device.os_version,
        architecture: device.architecture.unwrap_or_default(),
        host_name: device.host_name.unwrap_or_default(),
        memory_bytes: device.memory_bytes.map(size),
        processors: device.processors.map(|number| u32::try_from(number).unwrap_or(u32::MAX)),
        agent_version: device.agent_version.unwrap_or_default(),
        disks: rows.disks.into_iter().map(disk).collect(),
        addresses: rows.addresses.into_iter().map(address).collect(),
        software: rows.software.into_iter().map(|row| Software { name: row.name, version: row.version }).collect(),
    }
}

fn disk(row: DiskRow) -> Disk {
    let size = |number: i64| u64::try_from(number).unwrap_or(0);
    Disk { mount: row.mount, size_bytes: size(row.size_bytes), free_bytes: size(row.free_bytes) }
}

fn address(row: AddressRow) -> Address {
    Address { interface: row.interface, ip: row.ip, prefix: u8::try_from(row.prefix).unwrap_or(u8::MAX) }
}

#[cfg(test)]
pub(crate) mod tests;
