-- Updates of contents: how whoever holds one tree gets another.

-- One for each pair. from_content: any tree that devices may hold, that of a content forgotten since and the empty one too.
-- fetch_bytes: what travels in all; without_bytes: what travels without the update.
-- level: 0 as prepared when the content was published, 1 as prepared in the background.
CREATE TABLE content_update (
    to_content    BLOB NOT NULL REFERENCES content (digest) ON DELETE CASCADE,
    from_content  BLOB NOT NULL,
    level         INTEGER NOT NULL,
    object        BLOB NOT NULL,
    object_bytes  INTEGER NOT NULL,
    fetch_bytes   INTEGER NOT NULL,
    without_bytes INTEGER NOT NULL,
    prepared_at   INTEGER NOT NULL,
    PRIMARY KEY (to_content, from_content)
) STRICT, WITHOUT ROWID;

-- The update object and the packs of its segments.
CREATE TABLE content_update_object (
    to_content   BLOB NOT NULL,
    from_content BLOB NOT NULL,
    object       TEXT NOT NULL REFERENCES content_object (name),
    PRIMARY KEY (to_content, from_content, object),
    FOREIGN KEY (to_content, from_content) REFERENCES content_update (to_content, from_content) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX content_update_object_object ON content_update_object (object);

-- Pairs that were looked at, so that they are not prepared again at that level: what was not worth keeping has no update.
CREATE TABLE content_update_tried (
    to_content   BLOB NOT NULL REFERENCES content (digest) ON DELETE CASCADE,
    from_content BLOB NOT NULL,
    level        INTEGER NOT NULL,
    PRIMARY KEY (to_content, from_content)
) STRICT, WITHOUT ROWID;

-- Contents whose updates are to be prepared in the background, in the order of wanted_at.
CREATE TABLE content_improvement (
    content   BLOB PRIMARY KEY REFERENCES content (digest) ON DELETE CASCADE,
    attempts  INTEGER NOT NULL,
    wanted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Until when an object that nothing uses any more stays: somebody may be fetching it.
ALTER TABLE content_object ADD COLUMN kept_until INTEGER;
