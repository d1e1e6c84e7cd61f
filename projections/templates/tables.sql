CREATE TABLE templates (
    id          text        NOT NULL,
    guild       bigint      NOT NULL,
    creator     bigint      NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL,
    backup      text,
    at          bigint      NOT NULL,  -- the position as of which the guild is in it
    digest      text        NOT NULL,
    roles       integer     NOT NULL,
    channels    integer     NOT NULL,
    usage_count bigint      NOT NULL,  -- loads that began
    bots        bigint[]    NOT NULL,  -- as they were attached
    created_at  timestamptz NOT NULL,
    created     bigint      NOT NULL,  -- position of the event that made it
    CONSTRAINT templates_id PRIMARY KEY (id)
);
CREATE INDEX templates_created ON templates (created);
