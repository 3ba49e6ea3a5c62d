-- Advertisements with their revisions, the policy that each device has, and what devices report.

CREATE TABLE advertisement (
    name         TEXT PRIMARY KEY,
    revision     BIGINT NOT NULL,
    document     BYTEA NOT NULL REFERENCES document (digest),
    package      TEXT NOT NULL REFERENCES package (name),
    collection   TEXT NOT NULL REFERENCES collection (name),
    terms        TEXT NOT NULL,
    published_at BIGINT NOT NULL
);

CREATE INDEX advertisement_package ON advertisement (package, name);
CREATE INDEX advertisement_collection ON advertisement (collection, name);

-- Every revision that was ever published, those of withdrawn advertisements too: a name that comes back goes on counting.
CREATE TABLE advertisement_revision (
    advertisement TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    document      BYTEA NOT NULL REFERENCES document (digest),
    published_at  BIGINT NOT NULL,
    PRIMARY KEY (advertisement, revision)
);

-- The policy that a device last asked for.
CREATE TABLE device_policy (
    device     BIGINT PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    etag       TEXT NOT NULL,
    number     BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL
);

CREATE TABLE status_message (
    id            BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    device        BIGINT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    advertisement TEXT,
    body          TEXT NOT NULL,
    received_at   BIGINT NOT NULL,
    UNIQUE (device, number)
);

CREATE INDEX status_message_device ON status_message (device, id);
CREATE INDEX status_message_advertisement ON status_message (advertisement, id);
CREATE INDEX status_message_received ON status_message (received_at);

-- The newest state message of a device about an advertisement; number: that message's. reason: the code of standing's reason.
CREATE TABLE advertisement_state (
    advertisement    TEXT NOT NULL,
    device           BIGINT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number           BIGINT NOT NULL,
    package          TEXT NOT NULL,
    program          TEXT NOT NULL,
    source_version   BIGINT NOT NULL,
    release_revision BIGINT NOT NULL,
    state            TEXT NOT NULL,
    reason           TEXT,
    standing         TEXT NOT NULL,
    received_at      BIGINT NOT NULL,
    PRIMARY KEY (advertisement, device)
);

CREATE INDEX advertisement_state_state ON advertisement_state (advertisement, state, device);
CREATE INDEX advertisement_state_device ON advertisement_state (device, advertisement);
-- Which devices need a newer agent.
CREATE INDEX advertisement_state_upgrade ON advertisement_state (device) WHERE reason = 'not_supported';

-- The newest run of a device by an advertisement; number: its message's.
CREATE TABLE advertisement_run (
    advertisement TEXT NOT NULL,
    device        BIGINT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    exit_code     BIGINT,
    started_at    BIGINT NOT NULL,
    PRIMARY KEY (advertisement, device)
);

-- How many devices are in each state, kept by what changes the states. Whoever does takes the lock of status writers first, so that
-- two of them never wait for each other's rows.
CREATE TABLE advertisement_count (
    advertisement TEXT NOT NULL,
    state         TEXT NOT NULL,
    devices       BIGINT NOT NULL,
    PRIMARY KEY (advertisement, state)
);

CREATE FUNCTION advertisement_state_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO advertisement_count (advertisement, state, devices)
        SELECT advertisement, state, COUNT(*) FROM added GROUP BY advertisement, state ORDER BY advertisement, state
        ON CONFLICT (advertisement, state) DO UPDATE SET devices = advertisement_count.devices + excluded.devices;
    RETURN NULL;
END $$;

CREATE TRIGGER advertisement_state_insert AFTER INSERT ON advertisement_state REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION advertisement_state_insert();

CREATE FUNCTION advertisement_state_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO advertisement_count (advertisement, state, devices)
        SELECT advertisement, state, SUM(devices) FROM (
            SELECT advertisement, state, 1 AS devices FROM added UNION ALL SELECT advertisement, state, -1 FROM former
        ) AS moved GROUP BY advertisement, state HAVING SUM(devices) <> 0 ORDER BY advertisement, state
        ON CONFLICT (advertisement, state) DO UPDATE SET devices = advertisement_count.devices + excluded.devices;
    RETURN NULL;
END $$;

CREATE TRIGGER advertisement_state_update AFTER UPDATE ON advertisement_state REFERENCING OLD TABLE AS former NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION advertisement_state_update();

CREATE FUNCTION advertisement_state_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO advertisement_count (advertisement, state, devices)
        SELECT advertisement, state, -COUNT(*) FROM former GROUP BY advertisement, state ORDER BY advertisement, state
        ON CONFLICT (advertisement, state) DO UPDATE SET devices = advertisement_count.devices + excluded.devices;
    RETURN NULL;
END $$;

CREATE TRIGGER advertisement_state_delete AFTER DELETE ON advertisement_state REFERENCING OLD TABLE AS former
    FOR EACH STATEMENT EXECUTE FUNCTION advertisement_state_delete();

-- A name that comes back is in no scope. Tables are called as the kinds of objects in them.
CREATE FUNCTION leaves_scopes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM scope_object WHERE kind = TG_TABLE_NAME AND name = OLD.name;
    RETURN NULL;
END $$;

CREATE TRIGGER package_leaves_scopes AFTER DELETE ON package FOR EACH ROW EXECUTE FUNCTION leaves_scopes();
CREATE TRIGGER collection_leaves_scopes AFTER DELETE ON collection FOR EACH ROW EXECUTE FUNCTION leaves_scopes();
CREATE TRIGGER point_leaves_scopes AFTER DELETE ON point FOR EACH ROW EXECUTE FUNCTION leaves_scopes();
