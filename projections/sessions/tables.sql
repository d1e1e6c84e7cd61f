CREATE TABLE sessions (
    id         bigint      NOT NULL,
    kind       text        NOT NULL,
    account    bigint      NOT NULL,
    token_hash text        NOT NULL,
    expires_at timestamptz,
    opened_at  timestamptz NOT NULL,
    CONSTRAINT sessions_id PRIMARY KEY (id)
);
CREATE INDEX sessions_account ON sessions (account);
