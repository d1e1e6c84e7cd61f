CREATE TABLE loads (
    id       text   NOT NULL,
    target   bigint NOT NULL,
    source   bigint NOT NULL,
    backup   text,
    outcome  text,             -- NULL: it runs
    created  bigint NOT NULL,  -- position of the event that made it
    position bigint NOT NULL,  -- of its last event
    document text   NOT NULL,  -- JSON object, as it is sent
    CONSTRAINT loads_id PRIMARY KEY (id)
);
CREATE INDEX loads_created ON loads (created);
CREATE INDEX loads_target_created ON loads (target, created);
CREATE INDEX loads_backup ON loads (lower(backup)) WHERE backup IS NOT NULL;
