CREATE TABLE fleet_stats (
    bot          bigint      NOT NULL,
    shards       json        NOT NULL,  -- by number, each as it was reported
    total_guilds bigint      NOT NULL,
    total_users  bigint,
    reported_at  timestamptz NOT NULL,
    CONSTRAINT fleet_stats_bot PRIMARY KEY (bot)
);

CREATE TABLE fleet_commands (
    bot      bigint NOT NULL,
    commands json   NOT NULL,
    CONSTRAINT fleet_commands_bot PRIMARY KEY (bot)
);
