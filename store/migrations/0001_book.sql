-- The book: the log, what links its streams, and the keys of sealed fields.
-- Everything in this schema is the truth; everything in `projections` can be made again from it.

CREATE SCHEMA book;
CREATE SCHEMA projections AUTHORIZATION guildbook_service;
CREATE SCHEMA building    AUTHORIZATION guildbook_service;
CREATE SCHEMA eventsourcing AUTHORIZATION guildbook_service;  -- what the library keeps beside the log
CREATE SCHEMA operations;
GRANT USAGE ON SCHEMA book, operations TO guildbook_service;

CREATE TABLE book.log (
    position    bigint           NOT NULL,  -- gapless from 1, in the order of commits
    stream      text COLLATE "C" NOT NULL,  -- <context>-<id>
    version     bigint           NOT NULL,  -- from 1 within its stream
    type        text             NOT NULL,  -- <context>.<Event>
    data        bytea            NOT NULL,  -- JSON of the event
    meta        bytea            NOT NULL,  -- JSON of who did it, through what, because of what
    append_end  bigint           NOT NULL,  -- last position of the events that were appended together with it
    recorded_at timestamptz      NOT NULL,
    CONSTRAINT log_position       PRIMARY KEY (position),
    CONSTRAINT log_stream_version UNIQUE (stream, version)
);

-- Which streams ever spoke of an entity: how "all holdings of this account" is found without trusting a query table.
CREATE TABLE book.links (
    entity   text COLLATE "C" NOT NULL,  -- the stream that was spoken of
    stream   text COLLATE "C" NOT NULL,  -- the stream that spoke
    position bigint           NOT NULL,  -- where it did so first
    CONSTRAINT links_entity_stream PRIMARY KEY (entity, stream)
);

-- One data key per subject, wrapped by the master key. Deleting a row erases what was sealed under it:
-- a box names its key by id, and an id never comes back.
CREATE TABLE book.keys (
    id         text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    wrapped    bytea            NOT NULL,
    created_at timestamptz      NOT NULL DEFAULT now(),
    CONSTRAINT keys_id      PRIMARY KEY (id),
    CONSTRAINT keys_subject UNIQUE (subject)
);

CREATE SEQUENCE book.ids_apps;
CREATE SEQUENCE book.ids_awards;
CREATE SEQUENCE book.ids_callbacks;
CREATE SEQUENCE book.ids_sessions;
CREATE SEQUENCE book.ids_teams;

CREATE FUNCTION book.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.log
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();

CREATE TRIGGER links_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.links
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();

-- Everyone who appends takes this lock first and holds it until the commit is visible:
-- that is what makes the order of positions the order of commits.
CREATE FUNCTION book.lock_appends() RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(7121402816)
$$;

CREATE FUNCTION book.head() RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(position), 0) FROM book.log
$$;

-- Appends a batch of commands, each wholly or not at all.
--   read_*  : the version at which a command saw a stream (0: nothing there)
--   set_*   : the position at which a command listed the streams that speak of an entity
--   event_* : what to append; event_links names the entities spoken of, separated by spaces
-- Returns the commands that were refused because what they saw has changed, and the head before the batch.
CREATE FUNCTION book.append(
    read_commands  bigint[], read_streams  text[], read_versions bigint[],
    set_commands   bigint[], set_entities  text[], set_positions bigint[],
    event_commands bigint[], event_streams text[], event_versions bigint[],
    event_types    text[],   event_data    bytea[], event_meta    bytea[], event_links text[],
    OUT refused bigint[], OUT head bigint, OUT recorded_at timestamptz
)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    last_position bigint;
BEGIN
    PERFORM book.lock_appends();
    head        := book.head();
    recorded_at := clock_timestamp();

    refused := ARRAY(
        SELECT seen.command
        FROM unnest(read_commands, read_streams, read_versions) AS seen (command, stream, version)
        WHERE seen.version <> coalesce(
            (SELECT max(log.version) FROM book.log AS log WHERE log.stream = seen.stream), 0
        )
        UNION
        SELECT listed.command
        FROM unnest(set_commands, set_entities, set_positions) AS listed (command, entity, position)
        WHERE EXISTS (
            SELECT FROM book.links AS link WHERE link.entity = listed.entity AND link.position > listed.position
        )
    );

    WITH accepted AS (
        SELECT
            append.head + row_number() OVER (ORDER BY event.place) AS position,
            event.command, event.stream, event.version, event.type, event.data, event.meta, event.links
        FROM unnest(
            event_commands, event_streams, event_versions, event_types, event_data, event_meta, event_links
        ) WITH ORDINALITY AS event (command, stream, version, type, data, meta, links, place)
        WHERE event.command <> ALL (refused)
    ), appended AS (
        INSERT INTO book.log (position, stream, version, type, data, meta, append_end, recorded_at)
        SELECT
            accepted.position, accepted.stream, accepted.version, accepted.type, accepted.data, accepted.meta,
            max(accepted.position) OVER (PARTITION BY accepted.command), append.recorded_at
        FROM accepted
        ORDER BY accepted.position
        RETURNING log.position
    ), linked AS (
        INSERT INTO book.links (entity, stream, position)
        SELECT link.entity, accepted.stream, min(accepted.position)
        FROM accepted
        CROSS JOIN LATERAL string_to_table(accepted.links, ' ') AS link (entity)
        WHERE accepted.links <> ''
        GROUP BY link.entity, accepted.stream
        ON CONFLICT DO NOTHING
    )
    SELECT max(appended.position) INTO last_position FROM appended;

    IF last_position IS NOT NULL THEN
        PERFORM pg_notify('guildbook_log', last_position::text);
    END IF;
END
$$;

-- The log is written through the function alone, so nobody can choose a position, a time or a gap.
REVOKE EXECUTE ON FUNCTION book.append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION book.append        TO guildbook_service;
GRANT SELECT ON book.log, book.links         TO guildbook_service;
GRANT SELECT, INSERT ON book.keys            TO guildbook_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA book  TO guildbook_service;
