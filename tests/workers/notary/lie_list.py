"""All the lies: of events, of their order, of the tree, and of what was signed."""

from tests.workers.notary.lies import (
    COPY,
    HASH,
    OVERLAY,
    ROOT,
    SWAP,
    SWAP_POSITIONS,
    Lie,
    changed,
    lie,
    note_changed,
    put_in_a_key,
    rewrite,
    rewrite_with_a_new_key,
    shift,
    sign_as_a_stranger,
    swap_the_key,
    tree_over_a_changed_event,
    tree_over_a_shorter_log,
    tree_over_a_tail_rewritten,
    truncate,
)

SIGNED = "DELETE FROM book.signed_checkpoints"

OF_EVENTS = [
    changed("a byte of data", "data = set_byte(data, 5, 65)", 300),
    changed("a space at the end of data", "data = data || ' '", 300),
    changed("no data", "data = ''", 300),
    changed("a bit of meta", "meta = set_bit(meta, 3, 1 - get_bit(meta, 3))", 300),
    changed("who did it", """meta = '{"actor":"accounts-5"}'""", 300),
    changed("what moves from data to meta", "data = '', meta = data || meta", 300),
    changed("a microsecond", "recorded_at = recorded_at + interval '1 microsecond'", 300),
    changed("another year", "recorded_at = recorded_at - interval '1 year'", 300),
    changed("a time at the end of time", "recorded_at = 'infinity'", 300),
    changed("another type", "type = 'teams.TeamDeleted'", 300),
    changed("a letter that looks the same", "stream = replace(stream, 'a', 'а')", 300),  # noqa: RUF001 - that is the lie
    changed("another stream", "stream = 'teams-lie'", 300),
    changed("a version that is later", "version = version + 1000", 300, says="where version"),
    changed("a version that is none", "version = -1", 300, says="where version"),
    changed("an append that is longer", "append_end = 305", 300, says="which cannot be"),
    changed("an append that ends before it", "append_end = 3", 300, says="which cannot be"),
    changed("an append that is cut in two", "append_end = 143", 141, 142, 143),
    changed("the first event", "data = '{}'", 1),
    changed("the last event of a tile", "data = '{}'", 256),
    changed("the first event of a tile", "data = '{}'", 257),
    changed("the last event that was signed", "data = '{}'", 600),
    changed("events here and there", "data = '{}'", 5, 255, 300, 512, 513, 599),
    lie("the whole tail", "UPDATE book.log SET data = '{}' WHERE position > 500", *range(501, 580)),
    lie("a stream under another name", "UPDATE book.log SET stream = 'teams-lie' WHERE stream = 'teams-3'", 4, 44, 84),
    lie("all times", "UPDATE book.log SET recorded_at = now()", 1, 2, 3),
]
OF_THEIR_ORDER = [
    lie("a pair that changed places", SWAP_POSITIONS, 20, 21),
    lie("data of a pair that changed places", SWAP.format("data"), 300, 310),
    lie("times of a pair that changed places", SWAP.format("recorded_at"), says="", needs_kept=False),
    lie("an event that is gone", "DELETE FROM book.log WHERE position = 300", 300, says="it is missing"),
    lie(
        "events that are gone", "DELETE FROM book.log WHERE position BETWEEN 250 AND 300", 250, says="and all up to 300"
    ),
    lie("the first event that is gone", "DELETE FROM book.log WHERE position = 1", 1, says="it is missing"),
    lie("the last signed event that is gone", "DELETE FROM book.log WHERE position = 600", 600, says="it is missing"),
    lie("a tail that is gone", "DELETE FROM book.log WHERE position > 590", 591, says="but the log ends here"),
    lie("half an append that is gone", "DELETE FROM book.log WHERE position > 597", 597, says="which is missing"),
    lie("a log that is gone", "DELETE FROM book.log", 1, says="but the log ends here"),
    lie(
        "an event that is gone without a gap", f"DELETE FROM book.log WHERE position = 300; {shift(300, -1)}", 300, 301
    ),
    lie("an event that was slipped in", f"{shift(300, 1)}; {COPY.format(301)}", 301, 302),
    lie("an event before the first", COPY.format(0), 0, says="no room for an event"),
    lie("an event long before the first", COPY.format(-(2**62)), -(2**62), says="no room for an event"),
    lie("an event far beyond the last", COPY.format(10**15), 10**15, says="far beyond the log"),
    lie("an event a little beyond the last", COPY.format(613), 611, says="and all up to 612"),
    lie(
        "an event that is there twice",
        f"ALTER TABLE book.log DROP CONSTRAINT log_position; {COPY.format(300)}",
        300,
        says="there twice",
    ),
    lie(
        "an event that moved to the end",
        "UPDATE book.log SET position = 611, append_end = 611 WHERE position = 100",
        100,
        says="it is missing",
    ),
    lie(
        "a tail that was turned around",
        "UPDATE book.log SET position = -position WHERE position > 600;"
        "UPDATE book.log SET position = 1211 + position, append_end = 1211 + position WHERE position < 0;"
        "UPDATE book.log SET version = version + 1 WHERE position = 605",
        605,
        says="where version",
    ),
]
OF_THE_TREE = [
    lie(
        "the hash of an event",
        f"UPDATE book.tiles SET hashes = {OVERLAY.format(HASH, 1)} WHERE level = 0 AND first = 256",
        257,
    ),
    lie(
        "a part of a tile that is gone",
        "DELETE FROM book.tiles WHERE level = 0 AND first = 0",
        1,
        says="not the one in",
    ),
    lie("the last part that is gone", "DELETE FROM book.tiles WHERE level = 0 AND first = 512", says="there should be"),
    lie("a part that is shorter", "UPDATE book.tiles SET hashes = substr(hashes, 33) WHERE first = 400", 401),
    lie(
        "a root of a tile", f"UPDATE book.tiles SET hashes = {HASH} WHERE level = 1 AND first = 1", 257, says="level 1"
    ),
    lie(
        "a root of a tile that is gone", "DELETE FROM book.tiles WHERE level = 1 AND first = 1", says="there should be"
    ),
    lie("a tree that is gone", "DELETE FROM book.tiles", says="there should be"),
    lie("hashes beside the others", f"INSERT INTO book.tiles VALUES (0, 5, {HASH})", says="there should be"),
    lie("a level that nobody needs", f"INSERT INTO book.tiles VALUES (5, 0, {HASH})", says="there should be"),
    lie(
        "a tree that is further than the log",
        f"INSERT INTO book.tiles SELECT 0, i, {HASH} FROM generate_series(600, 620) AS i",
        601,
        611,
    ),
    lie("a notary that was set back", "UPDATE operations.checkpoints SET position = 3 WHERE reader = 'notary'"),
    Lie("a new tree over a changed event", tree_over_a_changed_event, (201,), "up to 400 is not what was signed"),
    Lie("a new tree over a rewritten tail", tree_over_a_tail_rewritten, (401,), "up to 600 is not what was signed"),
    Lie("a new tree over a shorter log", tree_over_a_shorter_log, (541,), "but the log ends here"),
]
OF_WHAT_WAS_SIGNED = [
    note_changed(
        "another root", f"note = regexp_replace(note, '\\n400\\n.*?\\n', E'\\n400\\n{ROOT}\\n')", "not the key's"
    ),
    note_changed("another size in the note", "note = replace(note, E'\\n400\\n', E'\\n399\\n')", "not the key's"),
    note_changed("another size beside the note", "size = 399", "was signed for 400"),
    note_changed(
        "another origin", "note = replace(note, 'book.example.org', 'cook.example.org')", "No key that is trusted"
    ),
    note_changed("another signature", "note = overlay(note PLACING 'AAAA' FROM length(note) - 20)", "not the key's"),
    note_changed("no signature", "note = split_part(note, E'\\n\\n', 1) || E'\\n\\n'", "not a signed note"),
    note_changed("no note", "note = 'trust me'", "not a signed note"),
    note_changed(
        "a note of another size",
        "note = (SELECT note FROM book.signed_checkpoints WHERE size = 200)",
        "was signed for 200",
    ),
    lie("a checkpoint that is gone", f"{SIGNED} WHERE size = 400", says="was signed after one of 400"),
    lie("nothing signed at all", SIGNED, says="nothing of this log was ever signed"),
    lie("something signed of more", f"UPDATE book.signed_checkpoints SET size = 5000 WHERE size = 400", 611),  # noqa: F541
    lie("something signed of less than nothing", "UPDATE book.signed_checkpoints SET size = -4 WHERE size = 400"),
    lie(
        "a witness who says nothing",
        "INSERT INTO book.cosignatures VALUES (400, 'w', 'me too')",
        says="not a signed note",
    ),
    Lie("a stranger's signature", sign_as_a_stranger, (), "No key that is trusted"),
    Lie("a stranger's key", put_in_a_key, (), "was not sealed by the master key"),
    Lie("a key that was swapped", swap_the_key, (), "was not sealed by the master key"),
    lie("a key under another name", "UPDATE book.signing_keys SET name = 'x'", says="was not sealed"),
    lie("a private key of another", "UPDATE book.signing_keys SET sealed = sealed || '\\x00'", says="was not sealed"),
    lie("no key", "DELETE FROM book.signing_keys", says="No key that is trusted"),
    Lie("history rewritten by who has the keys", rewrite, (600,), "it was rewritten", needs_kept=True, is_perfect=True),
    Lie("a tail cut off by who has the keys", truncate, (541,), "the log ends here", needs_kept=True, is_perfect=True),
    Lie("history rewritten with a new key", rewrite_with_a_new_key, (), "key", needs_kept=True, is_perfect=True),
]
LIES = [*OF_EVENTS, *OF_THEIR_ORDER, *OF_THE_TREE, *OF_WHAT_WAS_SIGNED]
