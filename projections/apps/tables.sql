CREATE TABLE apps (
    id          bigint      NOT NULL,
    name        text        NOT NULL,
    permissions integer     NOT NULL,
    token_hash  text        NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT apps_id PRIMARY KEY (id)
);
