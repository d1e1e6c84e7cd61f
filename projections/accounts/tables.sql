CREATE TABLE accounts (
    id            bigint      NOT NULL,
    name          text        NOT NULL,
    discriminator text        NOT NULL,
    avatar_url    text,
    team          bigint,
    permissions   integer     NOT NULL,
    created_at    timestamptz NOT NULL,
    state         text        NOT NULL,  -- normal or banned
    CONSTRAINT accounts_id PRIMARY KEY (id)
);
CREATE INDEX accounts_name_id ON accounts (name, id);
CREATE INDEX accounts_team    ON accounts (team);

CREATE TABLE signups (
    only_row boolean NOT NULL,
    is_open  boolean NOT NULL,
    CONSTRAINT signups_only_row PRIMARY KEY (only_row)
);

CREATE TABLE guild_lists (
    account bigint NOT NULL,
    guilds  jsonb  NOT NULL,  -- an array, as the identity provider listed them
    CONSTRAINT guild_lists_account PRIMARY KEY (account)
);
