CREATE TABLE teams (
    id         bigint      NOT NULL,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT teams_id PRIMARY KEY (id)
);
CREATE INDEX teams_name_id ON teams (name, id);
