-- Each checkpoint says which was signed before it, so that none can be taken out from among the others unnoticed.
ALTER TABLE book.signed_checkpoints ADD COLUMN before bigint;  -- its size; 0: there was none

ALTER TABLE book.signed_checkpoints DISABLE TRIGGER signed_checkpoints_are_append_only;
UPDATE book.signed_checkpoints AS signed
    SET before = chain.before
    FROM (SELECT size, lag(size, 1, 0::bigint) OVER (ORDER BY size) AS before FROM book.signed_checkpoints) AS chain
    WHERE chain.size = signed.size;
ALTER TABLE book.signed_checkpoints ENABLE TRIGGER signed_checkpoints_are_append_only;

ALTER TABLE book.signed_checkpoints ALTER COLUMN before SET NOT NULL;
