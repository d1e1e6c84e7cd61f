CREATE TABLE mappers (
    target    bigint NOT NULL,
    published text   NOT NULL,  -- JSON object by source: what loads that ended have made of its ids
    running   text   NOT NULL,  -- JSON object by load: what those that run have mapped and deleted so far
    ended_at  timestamptz,      -- when the last load into the guild ended
    position  bigint NOT NULL,  -- of the last event of a load into the guild
    CONSTRAINT mappers_target PRIMARY KEY (target)
);
