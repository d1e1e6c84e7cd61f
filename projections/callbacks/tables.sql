CREATE TABLE callbacks (
    id    bigint NOT NULL,
    app   bigint NOT NULL,
    event text   NOT NULL,
    url   text   NOT NULL,
    CONSTRAINT callbacks_id PRIMARY KEY (id)
);
CREATE UNIQUE INDEX callbacks_app_event ON callbacks (app, event);
CREATE INDEX callbacks_event ON callbacks (event);
