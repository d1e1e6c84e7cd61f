-- Proofs: the Merkle tree over the log, and what was signed of it. All of it is append-only, as the log is.

-- A tile is 256 hashes of one level, in as many parts as it was written in: no row is ever written again.
CREATE TABLE book.tiles (
    level  smallint NOT NULL,  -- 0: hashes of events; above: one hash for each full tile of the level below
    first  bigint   NOT NULL,  -- index of the first hash here, within its level; event n has index n - 1 on level 0
    hashes bytea    NOT NULL,  -- 32 bytes each; all of them in one tile
    CONSTRAINT tiles_level_first PRIMARY KEY (level, first),
    CONSTRAINT tiles_hashes CHECK (
        octet_length(hashes) > 0 AND octet_length(hashes) % 32 = 0 AND first % 256 + octet_length(hashes) / 32 <= 256
    )
);
ALTER TABLE book.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;  -- hashes cannot be compressed

-- The newest key signs; the others stay, for what they signed. `sealed` opens with the master key, and with `name` and
-- `public_key` as they are here: a row that somebody else put in does not.
CREATE TABLE book.signing_keys (
    number     bigint           NOT NULL,  -- from 1
    name       text COLLATE "C" NOT NULL,  -- the origin of what it signs
    public_key bytea            NOT NULL,  -- Ed25519
    sealed     bytea            NOT NULL,
    made_at    timestamptz      NOT NULL DEFAULT now(),
    CONSTRAINT signing_keys_number PRIMARY KEY (number)
);

CREATE TABLE book.signed_checkpoints (
    size    bigint      NOT NULL,  -- of the tree: the position of the last event in it
    note    text        NOT NULL,  -- signed, as it is published
    made_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT signed_checkpoints_size PRIMARY KEY (size)
);

-- What witnesses have put under a checkpoint: lines of signatures, as they came.
CREATE TABLE book.cosignatures (
    size    bigint           NOT NULL,
    witness text COLLATE "C" NOT NULL,
    lines   text             NOT NULL,
    made_at timestamptz      NOT NULL DEFAULT now(),
    CONSTRAINT cosignatures_witness_size PRIMARY KEY (witness, size),
    CONSTRAINT cosignatures_size         FOREIGN KEY (size) REFERENCES book.signed_checkpoints (size)
);
CREATE INDEX cosignatures_size ON book.cosignatures (size);

-- Checkpoints with all signatures, as they are handed out.
CREATE VIEW book.published_checkpoints AS
    SELECT
        own.size, own.made_at,
        own.note || coalesce(
            (
                SELECT string_agg(others.lines, '' ORDER BY others.witness)
                FROM book.cosignatures AS others
                WHERE others.size = own.size
            ), ''
        ) AS note
    FROM book.signed_checkpoints AS own;

CREATE TRIGGER tiles_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.tiles
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();
CREATE TRIGGER signing_keys_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();
CREATE TRIGGER signed_checkpoints_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.signed_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();
CREATE TRIGGER cosignatures_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON book.cosignatures
    FOR EACH STATEMENT EXECUTE FUNCTION book.refuse_change();

GRANT SELECT ON book.published_checkpoints TO guildbook_service;
GRANT SELECT, INSERT ON book.tiles, book.signing_keys, book.signed_checkpoints, book.cosignatures TO guildbook_service;
