CREATE TABLE sessions (
    id         bigint      NOT NULL,
    kind       text        NOT NULL,
    account    bigint      NOT NULL,
    token_hash text        NOT NULL,
    expires_at timestamptz,
    opened_at  timestamptz NOT NULL,
    version    bigint      NOT NULL,   -- of its stream
    uuid       text,                   -- of those that are known by one outside
    name       text,
    scopes     text[],                 -- none at all: everything that its kind may do
    CONSTRAINT sessions_id   PRIMARY KEY (id),
    CONSTRAINT sessions_uuid UNIQUE (uuid)
);
CREATE INDEX sessions_account    ON sessions (account);
CREATE INDEX sessions_token_hash ON sessions (token_hash) WHERE kind IN ('login', 'api');
