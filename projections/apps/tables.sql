CREATE TABLE apps (
    id             bigint      NOT NULL,
    name           text        NOT NULL,
    permissions    integer     NOT NULL,
    token_hash     text        NOT NULL,
    created_at     timestamptz NOT NULL,
    version        bigint      NOT NULL,  -- of its stream
    bot_token_hash text,       -- NULL when it is no bot
    bot_scopes     text[]      NOT NULL,
    bot_guilds     bigint[],   -- NULL when it is limited to none
    CONSTRAINT apps_id PRIMARY KEY (id)
);
