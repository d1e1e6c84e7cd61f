CREATE TABLE apps (
    id            bigint  PRIMARY KEY,
    name          text    NOT NULL,
    password_hash bytea   NOT NULL,
    permissions   integer NOT NULL
);

CREATE TABLE teams (
    id         bigint      PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE accounts (
    id            bigint      PRIMARY KEY,
    name          text        NOT NULL,
    discriminator text        NOT NULL,
    avatar_url    text,
    team          bigint,
    permissions   integer     NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX accounts_team ON accounts (team);

CREATE TABLE awards (
    id        bigint PRIMARY KEY,
    title     text   NOT NULL,
    image_url text   NOT NULL,
    team      bigint
);
CREATE INDEX awards_team ON awards (team);

CREATE TABLE holdings (
    account bigint NOT NULL,
    award   bigint NOT NULL,
    PRIMARY KEY (account, award)
);
CREATE INDEX holdings_award ON holdings (award);
