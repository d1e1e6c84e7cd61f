-- The log in partitions by position, which is by time: positions are given in the order of commits.
-- docs/growing.md says when this is worth it, and what it costs. It needs PostgreSQL 16 or later, and the owner of the
-- database; take a backup first. Appends wait for the second half only, for less than a second.
--
--   psql "$GUILDBOOK_DATABASE_URL" --set ON_ERROR_STOP=1 --file docs/partitions.sql
--   psql "$GUILDBOOK_DATABASE_URL" --command 'SELECT book.extend_log()'   # again and again: monthly, say
--
-- A partition has ten million positions, unless the setting guildbook.partition_positions says otherwise.
-- A unique constraint of a partitioned table must name the column that it is partitioned by. That is so for
-- (position). It is not so for (stream, version): these two go into a narrow table of their own, which is not
-- partitioned, and which book.append then asks for the newest version instead of every partition.

CREATE FUNCTION book.partition_positions() RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('guildbook.partition_positions', true), ''), '10000000')::bigint
$$;

-- First half, while everybody works: promise where the present table will end, so that nothing need be read later.
DO $$
DECLARE
    ending bigint := (book.head() / book.partition_positions() + 2) * book.partition_positions();
BEGIN
    EXECUTE format('ALTER TABLE book.log ADD CONSTRAINT log_ends CHECK (position < %s) NOT VALID', ending);
END
$$;
ALTER TABLE book.log VALIDATE CONSTRAINT log_ends;

CREATE TABLE book.versions (
    stream  text COLLATE "C" NOT NULL,
    version bigint           NOT NULL
);
SELECT set_config('guildbook.copied', book.head()::text, false);
INSERT INTO book.versions (stream, version)
SELECT log.stream, log.version
FROM book.log AS log
WHERE log.position <= current_setting('guildbook.copied')::bigint;
ALTER TABLE book.versions ADD CONSTRAINT log_stream_versions PRIMARY KEY (stream, version);

CREATE FUNCTION book.note_versions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO book.versions (stream, version)
    SELECT appended.stream, appended.version FROM appended;
    RETURN NULL;
END
$$;

-- Makes one partition; `ending` NULL: the last one, for whatever comes.
CREATE FUNCTION book.make_log_partition(name text, beginning bigint, ending bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE book.%I PARTITION OF book.log FOR VALUES FROM (%s) TO (%s)',
        name, beginning, coalesce(ending::text, 'MAXVALUE')
    );
    EXECUTE format('CREATE INDEX %I ON book.%I (stream, version)', name || '_stream_version', name);
    EXECUTE format(
        'CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON book.%I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change()',
        name
    );
END
$$;

-- Cuts the next partition off the open end. Forgotten, it breaks nothing: the open end grows.
CREATE FUNCTION book.extend_log() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    beginning bigint;
BEGIN
    PERFORM book.lock_appends();
    IF EXISTS (SELECT FROM book.log_rest) THEN
        RAISE EXCEPTION 'The open end is in use already: it is a partition like any other now'
            USING HINT = 'Rename book.log_rest, give it an end above book.head(), and make another one.';
    END IF;
    SELECT substring(pg_get_expr(relpartbound, oid) FROM 'FROM \(''(\d+)''\)') INTO beginning
    FROM pg_class WHERE oid = 'book.log_rest'::regclass;
    DROP TABLE book.log_rest;
    PERFORM book.make_log_partition('log_' || beginning, beginning, beginning + book.partition_positions());
    PERFORM book.make_log_partition('log_rest', beginning + book.partition_positions(), NULL);
    RETURN 'log_' || beginning;
END
$$;

-- Second half, in one go: the present table becomes the first partition.
BEGIN;
SELECT book.lock_appends();
ALTER TABLE book.log RENAME TO log_1;
ALTER TABLE book.log_1 RENAME CONSTRAINT log_position TO log_1_position;
ALTER TABLE book.log_1 RENAME CONSTRAINT log_stream_version TO log_1_stream_version;
CREATE TABLE book.log (
    LIKE book.log_1 INCLUDING DEFAULTS,
    CONSTRAINT log_position PRIMARY KEY (position)
) PARTITION BY RANGE (position);
DO $$
DECLARE
    ending bigint := (
        SELECT substring(pg_get_constraintdef(oid) FROM '< ''?(\d+)')
        FROM pg_constraint
        WHERE conrelid = 'book.log_1'::regclass AND conname = 'log_ends'
    );
BEGIN
    EXECUTE format('ALTER TABLE book.log ATTACH PARTITION book.log_1 FOR VALUES FROM (MINVALUE) TO (%s)', ending);
    PERFORM book.make_log_partition('log_rest', ending, NULL);
END
$$;
ALTER TABLE book.log_1 DROP CONSTRAINT log_ends;
CREATE TRIGGER log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.log
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();
CREATE TRIGGER log_repeats_nothing
    AFTER INSERT ON book.log REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION book.note_versions();
INSERT INTO book.versions (stream, version)
SELECT log.stream, log.version
FROM book.log AS log
WHERE log.position > current_setting('guildbook.copied')::bigint;
ALTER TABLE book.versions RENAME CONSTRAINT log_stream_versions TO log_stream_version;
CREATE TRIGGER versions_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.versions
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();
DO $$
DECLARE
    present text := pg_get_functiondef('book.append'::regproc);
    changed text := replace(
        present,
        'max(log.version) FROM book.log AS log WHERE log.stream',
        'max(one.version) FROM book.versions AS one WHERE one.stream'
    );
BEGIN
    ASSERT changed <> present, 'book.append is not the function that this file knows';
    EXECUTE changed;
END
$$;
GRANT SELECT ON book.log TO guildbook_service;
COMMIT;
