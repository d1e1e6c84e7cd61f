CREATE TABLE trail (
    position    bigint           NOT NULL,
    type        text COLLATE "C" NOT NULL,
    actor       text COLLATE "C" NOT NULL,
    guild       bigint,                     -- NULL: it concerns none
    request     text COLLATE "C",           -- NULL: no request caused it
    recorded_at timestamptz      NOT NULL,
    words       tsvector         NOT NULL,  -- of stream, type, actor and request, and the ids in what is not sealed
    CONSTRAINT trail_position PRIMARY KEY (position)
);

CREATE INDEX trail_words          ON trail USING gin (words);
CREATE INDEX trail_type_position  ON trail (type, position);
CREATE INDEX trail_actor_position ON trail (actor, position);
CREATE INDEX trail_guild_position ON trail (guild, position) WHERE guild IS NOT NULL;
CREATE INDEX trail_request        ON trail (request) WHERE request IS NOT NULL;
