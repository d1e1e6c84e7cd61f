-- Erasure: whoever is erased loses the key in the very commit that says so.

-- Where the log ended when a key was made: an erasure after that destroys it. Clocks play no part in this.
ALTER TABLE book.keys ADD COLUMN made_after bigint NOT NULL DEFAULT 0;
ALTER TABLE book.keys ALTER COLUMN made_after SET DEFAULT book.head();

-- Destroys the keys of those whom the log, between two positions, says to be erased; nothing else deletes a key.
CREATE FUNCTION book.erase_keys(after bigint, up_to bigint) RETURNS void
LANGUAGE sql AS $$
    LOCK TABLE book.keys IN SHARE ROW EXCLUSIVE MODE;  -- a key that is being made just now is seen, and goes too

    WITH erased AS (
        SELECT log.position, convert_from(log.data, 'UTF8')::json ->> 'of' AS subject
        FROM book.log AS log
        WHERE log.position > erase_keys.after AND log.position <= erase_keys.up_to
          AND log.type = 'privacy.SubjectErased'
    ), gone AS (
        DELETE FROM book.keys AS key
        USING erased
        WHERE key.subject = erased.subject AND key.made_after < erased.position
    )
    SELECT pg_notify('guildbook_erased', '') FROM erased
$$;
REVOKE EXECUTE ON FUNCTION book.erase_keys FROM PUBLIC;

-- The function is changed and not written anew: a log in partitions has one of its own (docs/partitions.sql).
DO $$
DECLARE
    present text := pg_get_functiondef('book.append'::regproc);
    changed text := replace(
        present,
        E'IF last_position IS NOT NULL THEN\n',
        E'IF ''privacy.SubjectErased'' = ANY (event_types) THEN\n'
        '        PERFORM book.erase_keys(head, last_position);\n'
        '    END IF;\n\n'
        '    IF last_position IS NOT NULL THEN\n'
    );
BEGIN
    ASSERT changed <> present, 'book.append is not the function that this migration knows';
    EXECUTE changed;
END
$$;

-- The planner keeps samples of columns; of these it keeps none any more. Naming the type anew drops those that it has.
ALTER TABLE operations.deliveries
    ALTER COLUMN body TYPE bytea,
    ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE operations.delivery_attempts
    ALTER COLUMN response TYPE text,
    ALTER COLUMN response SET STATISTICS 0;
ALTER TABLE operations.keyed_requests
    ALTER COLUMN body TYPE bytea,
    ALTER COLUMN body SET STATISTICS 0;
