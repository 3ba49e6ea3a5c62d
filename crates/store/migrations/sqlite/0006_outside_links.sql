-- What is done with symbolic links of a source folder that lead out of it: refuse or keep.
ALTER TABLE package ADD COLUMN outside_links TEXT NOT NULL DEFAULT 'refuse';

-- Which names a source folder may hold: portable or unix.
ALTER TABLE package ADD COLUMN names TEXT NOT NULL DEFAULT 'portable';
