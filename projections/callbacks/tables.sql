CREATE TABLE callbacks (
    id              bigint      NOT NULL,
    app             bigint      NOT NULL,
    event           text        NOT NULL,  -- its name beside the app's others: a kind of event, or its id
    url             text        NOT NULL,
    dialect         text        NOT NULL,
    signing         text        NOT NULL,
    public_key      text,                  -- of one that is signed with Ed25519
    types           text[]      NOT NULL,  -- filters that are empty let everything through
    contexts        text[]      NOT NULL,
    guilds          bigint[]    NOT NULL,
    description     text        NOT NULL,
    status          text        NOT NULL,
    status_since    timestamptz NOT NULL,
    failing_since   timestamptz,           -- of one that is disabled
    reason          text,
    overlap_ends_at timestamptz,           -- until when the secret before this one signs, too
    created_at      timestamptz NOT NULL,
    CONSTRAINT callbacks_id PRIMARY KEY (id)
);
CREATE UNIQUE INDEX callbacks_app_event ON callbacks (app, event);
CREATE INDEX callbacks_event ON callbacks (event);
CREATE INDEX callbacks_app_id ON callbacks (app, id);
