-- What logging in through an identity provider leaves behind beside the log: never shown, never needed to replay it.

CREATE TABLE operations.used_codes (
    code_hash text COLLATE "C" NOT NULL,  -- SHA-256 (hex) of a code that somebody came with
    used_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT used_codes_code_hash PRIMARY KEY (code_hash)
);
CREATE INDEX used_codes_used_at ON operations.used_codes (used_at);

CREATE TABLE operations.provider_grants (
    account bigint NOT NULL,
    sealed  text   NOT NULL,  -- the provider's tokens, in a box under the account's key
    CONSTRAINT provider_grants_account PRIMARY KEY (account)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON operations.used_codes, operations.provider_grants TO guildbook_service;
