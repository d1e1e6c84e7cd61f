CREATE TABLE guilds (
    id                            bigint NOT NULL,
    origin                        text   NOT NULL,
    owner                         bigint NOT NULL,
    name                          text   NOT NULL,
    icon                          text,
    description                   text,
    preferred_locale              text,
    verification_level            bigint NOT NULL,
    default_message_notifications bigint NOT NULL,
    explicit_content_filter       bigint NOT NULL,
    afk_channel                   bigint,
    afk_timeout                   bigint,
    system_channel                bigint,
    system_channel_flags          bigint NOT NULL,
    features                      text[] NOT NULL,
    CONSTRAINT guilds_id PRIMARY KEY (id)
);

CREATE TABLE guild_roles (
    guild       bigint  NOT NULL,
    id          bigint  NOT NULL,
    name        text    NOT NULL,
    position    bigint  NOT NULL,
    permissions bigint  NOT NULL,
    color       bigint  NOT NULL,
    hoist       boolean NOT NULL,
    mentionable boolean NOT NULL,
    managed     boolean NOT NULL,
    CONSTRAINT guild_roles_guild_id PRIMARY KEY (guild, id)
);

CREATE TABLE guild_channels (
    guild               bigint  NOT NULL,
    id                  bigint  NOT NULL,
    kind                bigint  NOT NULL,
    name                text    NOT NULL,
    position            bigint  NOT NULL,
    parent              bigint,
    topic               text,
    nsfw                boolean NOT NULL,
    rate_limit_per_user bigint  NOT NULL,
    bitrate             bigint,
    user_limit          bigint,
    overwrites          json    NOT NULL,
    CONSTRAINT guild_channels_guild_id PRIMARY KEY (guild, id)
);

CREATE TABLE guild_members (
    guild       bigint   NOT NULL,
    id          bigint   NOT NULL,
    username    text     NOT NULL,
    global_name text,
    avatar      text,
    nick        text,
    bot         boolean  NOT NULL,
    roles       bigint[] NOT NULL,
    joined_at   text,
    CONSTRAINT guild_members_guild_id PRIMARY KEY (guild, id)
);
CREATE INDEX guild_members_id ON guild_members (id);

CREATE TABLE guild_bans (
    guild  bigint NOT NULL,
    id     bigint NOT NULL,
    reason text,
    CONSTRAINT guild_bans_guild_id PRIMARY KEY (guild, id)
);
