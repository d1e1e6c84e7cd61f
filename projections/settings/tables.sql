CREATE TABLE setting_templates (
    name        text    NOT NULL,
    owner       bigint,            -- the bot that registered it; NULL: the operator
    guilds      text[],            -- NULL: every guild that has the bot; some ids are too large for numbers here
    definitions text    NOT NULL,  -- JSON array of settings, as they were registered
    policies    text    NOT NULL,  -- JSON object by setting
    revision    integer NOT NULL,
    is_offered  boolean NOT NULL,  -- not after it was withdrawn
    position    bigint  NOT NULL,  -- of its last event
    CONSTRAINT setting_templates_name PRIMARY KEY (name)
);

CREATE TABLE setting_rows (
    guild    bigint NOT NULL,
    template text   NOT NULL,
    setting  text   NOT NULL,
    row_id   text   NOT NULL,
    key      text   NOT NULL,  -- JSON object
    fields   text   NOT NULL,  -- JSON object, without passwords and without the place in the order
    created  bigint NOT NULL,  -- position of the event that made it
    position bigint NOT NULL,  -- of its last event
    CONSTRAINT setting_rows_guild_row_id PRIMARY KEY (guild, row_id)
);
CREATE INDEX setting_rows_guild_template_setting_created ON setting_rows (guild, template, setting, created);

CREATE TABLE setting_sets (
    guild    bigint NOT NULL,
    template text   NOT NULL,
    setting  text   NOT NULL,
    position bigint NOT NULL,  -- of the last event on this setting in this guild
    CONSTRAINT setting_sets_guild_template_setting PRIMARY KEY (guild, template, setting)
);

-- Of settings with an order only. Apart from the sets, since every event changes those and few change an order.
CREATE TABLE setting_orders (
    guild    bigint  NOT NULL,
    template text    NOT NULL,
    setting  text    NOT NULL,
    placed   text    NOT NULL,  -- the row ids in order, one after the other: a text moves faster than an array
    unplaced integer NOT NULL,  -- how many rows are not in there; they come after, as they were created
    CONSTRAINT setting_orders_guild_template_setting PRIMARY KEY (guild, template, setting)
);
ALTER TABLE setting_orders ALTER COLUMN placed SET STORAGE EXTERNAL;  -- digests do not get smaller
