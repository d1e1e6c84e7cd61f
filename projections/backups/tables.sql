CREATE TABLE backups (
    id         text        NOT NULL,
    guild      bigint      NOT NULL,
    creator    bigint      NOT NULL,
    name       text,
    at         bigint      NOT NULL,  -- the position as of which the guild is in it
    digest     text        NOT NULL,
    roles      integer     NOT NULL,
    channels   integer     NOT NULL,
    bans       integer     NOT NULL,
    rows       integer     NOT NULL,
    created_at timestamptz NOT NULL,
    created    bigint      NOT NULL,  -- position of the event that made it
    CONSTRAINT backups_id PRIMARY KEY (id)
);
CREATE INDEX backups_guild_created ON backups (guild, created);
CREATE INDEX backups_creator_created ON backups (creator, created);
CREATE INDEX backups_created ON backups (created);
