-- Requests with an Idempotency-Key, and the first answer to each: who asks again within a day is given it again.
-- A request under way holds a claim, which is renewed while its process lives.

CREATE TABLE operations.keyed_requests (
    caller     text COLLATE "C" NOT NULL,  -- the stream of who asks
    route      text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    request    bytea            NOT NULL,  -- SHA-256 of what was asked
    claim      text COLLATE "C" NOT NULL,
    claimed_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz      NOT NULL DEFAULT now(),
    status     integer,                    -- of the answer; NULL until there is one
    headers    json,
    body       bytea,
    CONSTRAINT keyed_requests_caller_route_key PRIMARY KEY (caller, route, key),
    CONSTRAINT keyed_requests_answer CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (headers IS NULL))
);
CREATE INDEX keyed_requests_claim      ON operations.keyed_requests (claim);
CREATE INDEX keyed_requests_created_at ON operations.keyed_requests (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON operations.keyed_requests TO guildbook_service;
