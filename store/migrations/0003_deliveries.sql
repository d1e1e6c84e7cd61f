-- What is to be sent to callbacks and how that went: operational, written when it happened, never made again.
-- A body is kept while it may still be sent: it goes when the delivery is delivered, superseded or cancelled, and
-- stays with those that an operator may send again (blocked, dead).

CREATE TABLE operations.deliveries (
    id          text COLLATE "C" NOT NULL,  -- msg_<position>_<callback>: the webhook-id of every attempt
    position    bigint           NOT NULL,  -- of the event that is told
    callback    bigint           NOT NULL,
    app         bigint           NOT NULL,
    event       text             NOT NULL,  -- what the callback is subscribed to
    entity      text COLLATE "C" NOT NULL,  -- whom it is about: one callback is told of one entity in order
    state_of    text COLLATE "C" NOT NULL,  -- of what the newest word is enough: a newer one supersedes a waiting one
    body        bytea,                      -- what is sent, byte for byte
    state       text             NOT NULL DEFAULT 'pending',
    attempts    integer          NOT NULL DEFAULT 0,
    due_at      timestamptz      NOT NULL DEFAULT clock_timestamp() - interval '1 minute',  -- clocks differ
    created_at  timestamptz      NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT deliveries_id PRIMARY KEY (id),
    CONSTRAINT deliveries_state CHECK (
        state IN ('pending', 'delivered', 'superseded', 'blocked', 'cancelled', 'dead')
    ),
    CONSTRAINT deliveries_body  CHECK (body IS NOT NULL OR state NOT IN ('pending', 'blocked', 'dead')),
    CONSTRAINT deliveries_ended CHECK ((finished_at IS NULL) = (state = 'pending'))
);
CREATE INDEX deliveries_callback_due_at ON operations.deliveries (callback, due_at)
    WHERE state = 'pending';
CREATE INDEX deliveries_callback_entity_position ON operations.deliveries (callback, entity, position)
    WHERE state = 'pending';
CREATE INDEX deliveries_position ON operations.deliveries (position, callback);
CREATE INDEX deliveries_entity   ON operations.deliveries (entity) WHERE body IS NOT NULL;  -- where a person's data is

CREATE TABLE operations.delivery_attempts (
    delivery    text COLLATE "C" NOT NULL,
    number      integer          NOT NULL,  -- from 1
    started_at  timestamptz      NOT NULL,
    duration_ms integer          NOT NULL,
    status      integer,                    -- HTTP status, when there was an answer
    error       text,                       -- why there was none, or why it was not good enough
    response    text,                       -- the beginning of the answer's body
    CONSTRAINT delivery_attempts_delivery_number PRIMARY KEY (delivery, number),
    CONSTRAINT delivery_attempts_delivery FOREIGN KEY (delivery) REFERENCES operations.deliveries (id) ON DELETE CASCADE
);

GRANT SELECT, INSERT, UPDATE, DELETE ON operations.deliveries, operations.delivery_attempts TO guildbook_service;
