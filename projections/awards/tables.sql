CREATE TABLE awards (
    id        bigint NOT NULL,
    title     text   NOT NULL,
    image_url text   NOT NULL,
    team      bigint,
    CONSTRAINT awards_id PRIMARY KEY (id)
);
CREATE INDEX awards_team ON awards (team);

CREATE TABLE holdings (
    account bigint NOT NULL,
    award   bigint NOT NULL,
    CONSTRAINT holdings_account_award PRIMARY KEY (account, award)
);
CREATE INDEX holdings_award_account ON holdings (award, account);
