-- How often somebody has asked lately: operational, and worth nothing after a crash, so it is not even logged.

CREATE UNLOGGED TABLE operations.limits (
    bucket  text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,  -- who asks
    hits    timestamptz[]    NOT NULL,  -- when somebody was admitted, oldest first
    idle_at timestamptz      NOT NULL,  -- when none of them counts any more
    CONSTRAINT limits_bucket_key PRIMARY KEY (bucket, key)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON operations.limits TO guildbook_service;

-- Takes a batch of asks. An ask is counted in one or several buckets, whose lines stand together: in all of them when
-- each has room, else in none. A window slides: a hit counts for so many seconds, and not a microsecond longer.
-- Returns for each line whether its ask was admitted, the hits in its window, and when the oldest that matters leaves.
CREATE FUNCTION operations.take(
    asks bigint[], buckets text[], keys text[], requests bigint[], seconds bigint[]
) RETURNS TABLE (admitted boolean, made bigint, reset_seconds double precision)
LANGUAGE plpgsql AS $$
DECLARE
    lines     integer   := coalesce(cardinality(asks), 0);
    line      integer;
    first     integer   := 1;
    last      integer;
    at        timestamptz;
    leaves    timestamptz;
    live      bigint;
    has_room  boolean;
    made_by   bigint[]  := array_fill(0::bigint, ARRAY[lines]);
    resets    double precision[] := array_fill(0::double precision, ARRAY[lines]);
BEGIN
    -- One batch after the other, whoever sends it; what is lost with a crash was to be forgotten soon anyway.
    PERFORM pg_advisory_xact_lock(7121402830), set_config('synchronous_commit', 'off', true);
    at := clock_timestamp();

    WHILE first <= lines LOOP
        has_room := true;
        last     := first;
        WHILE last < lines AND asks[last + 1] = asks[first] LOOP
            last := last + 1;
        END LOOP;

        FOR line IN first..last LOOP
            SELECT counted.live, counted.hits[cardinality(counted.hits) - least(counted.live, requests[line]) + 1]
            INTO live, leaves
            FROM (
                SELECT known.hits, cardinality(known.hits) - width_bucket(
                    at - make_interval(secs => seconds[line]), known.hits
                ) AS live
                FROM operations.limits AS known
                WHERE known.bucket = buckets[line] AND known.key = keys[line]
            ) AS counted;
            made_by[line] := coalesce(live, 0);
            resets[line]  := seconds[line] - coalesce(extract(epoch FROM at - leaves), 0);
            has_room      := has_room AND made_by[line] < requests[line];
        END LOOP;

        FOR line IN first..last LOOP
            IF has_room THEN
                INSERT INTO operations.limits AS known (bucket, key, hits, idle_at)
                VALUES (buckets[line], keys[line], ARRAY[at], at + make_interval(secs => seconds[line]))
                ON CONFLICT (bucket, key) DO UPDATE SET
                    hits = known.hits[
                        width_bucket(at - make_interval(secs => seconds[line]), known.hits) + 1:
                    ] || greatest(at, known.hits[cardinality(known.hits)]),
                    idle_at = EXCLUDED.idle_at;
                made_by[line] := made_by[line] + 1;
            END IF;
            admitted      := has_room;
            made          := made_by[line];
            reset_seconds := resets[line];
            RETURN NEXT;
        END LOOP;
        first := last + 1;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION operations.take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operations.take TO guildbook_service;
