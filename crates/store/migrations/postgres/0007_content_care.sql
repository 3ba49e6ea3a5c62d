-- Looking after the content store: when each object was read last, and what was wrong with it.

ALTER TABLE content_object ADD COLUMN verified_at BIGINT;

-- state: damaged or missing. A row goes when the object is good again, or isn't needed and removed.
CREATE TABLE content_damage (
    object   TEXT PRIMARY KEY REFERENCES content_object (name) ON DELETE CASCADE,
    state    TEXT NOT NULL,
    why      TEXT NOT NULL,
    hint     TEXT,
    found_at BIGINT NOT NULL
);
