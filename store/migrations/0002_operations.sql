-- Where each reader of the log is: operational, beside the query tables, never among them.

CREATE TABLE operations.checkpoints (
    reader      text        NOT NULL,
    position    bigint      NOT NULL,  -- everything up to here has been taken in
    fingerprint text        NOT NULL,  -- of the tables and the revision that they were made with
    stopped_at  bigint,                -- the position of the event that stopped the reader
    error       text,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT checkpoints_reader PRIMARY KEY (reader)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON operations.checkpoints TO guildbook_service;
