-- The site's history, so that it finds out when its database went back in time, and members that it has forgotten.

-- Eras: one for each start of a server and for each return. sequence: policies of the era have numbers from this one on.
-- copied_at, cause: of a return only. Everything up to copied_at is in the copy; cause says how the return was found out.
CREATE TABLE site_era (
    id        INTEGER PRIMARY KEY,
    sequence  INTEGER NOT NULL UNIQUE,
    began_at  INTEGER NOT NULL,
    copied_at INTEGER,
    cause     TEXT
) STRICT;

-- Members with a good certificate that the database doesn't know. kind: device or point. member: the id or the name in the
-- certificate; name: what the member calls itself.
CREATE TABLE quarantine (
    member     TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    name       TEXT,
    issued_at  INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    refused_at INTEGER
) STRICT, WITHOUT ROWID;
