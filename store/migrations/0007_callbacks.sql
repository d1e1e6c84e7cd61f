-- Callbacks of both dialects: lanes that are kept in order, endpoints that are not level with the log, and figures.

ALTER TABLE operations.deliveries
    ADD COLUMN type            text,                            -- stored type of the event
    ADD COLUMN headers         text,                            -- JSON of headers that are the event's own
    ADD COLUMN in_order        boolean NOT NULL DEFAULT false,  -- what fails is waited for: nothing newer of its lane goes out
    ADD COLUMN sendings        integer NOT NULL DEFAULT 1,      -- how often it was asked for
    ADD COLUMN attempts_before integer NOT NULL DEFAULT 0;      -- attempts that were made before it was asked for last

-- Of a lane in order, one delivery has a time: the oldest. The others are due at 'infinity' until it is their turn.
-- Who puts in and who takes out hold this lock, so that none is left without a turn.
CREATE FUNCTION operations.lock_lanes() RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(7121402824)
$$;

-- What has no turn is in no index of what is due, so that a lane is looked up in that of lanes.
DROP INDEX operations.deliveries_callback_due_at;
CREATE INDEX deliveries_callback_due_at ON operations.deliveries (callback, due_at)
    WHERE state = 'pending' AND due_at < 'infinity';

-- The log of one callback, asked for by `callback + 0`: were it of `callback`, whoever looks for the first of what is
-- pending might be led through all that was.
CREATE INDEX deliveries_of_callback ON operations.deliveries ((callback + 0), position);

-- Endpoints that are not level: what they are to be told is among the deliveries up to a position, and nothing beyond
-- it is sent. While one is held (paused, or disabled) nothing is. A callback without a row is level.
CREATE TABLE operations.callback_cursors (
    callback bigint  NOT NULL,
    position bigint  NOT NULL,
    is_held  boolean NOT NULL,
    CONSTRAINT callback_cursors_callback PRIMARY KEY (callback)
);

-- How callbacks do, for whoever looks after them.
CREATE TABLE operations.callback_figures (
    callback        bigint NOT NULL,
    delivered       bigint NOT NULL DEFAULT 0,
    dead            bigint NOT NULL DEFAULT 0,  -- those that were blocked among them
    failing_since   timestamptz,                -- the first failure since the last success
    last_success_at timestamptz,
    last_failure_at timestamptz,
    CONSTRAINT callback_figures_callback PRIMARY KEY (callback)
) WITH (fillfactor = 50);

GRANT SELECT, INSERT, UPDATE, DELETE ON operations.callback_cursors, operations.callback_figures TO guildbook_service;

-- What has been sent leaves dead entries in the indexes of what waits.
ALTER TABLE operations.deliveries SET (autovacuum_vacuum_scale_factor = 0.02);
