"""What logging in through an identity provider leaves behind: codes that were used, and the provider's tokens."""

import hashlib
from typing import NamedTuple

import msgspec

from domain.kernel import stream_name
from store.connections import Pool
from store.keys import Keyring, key_id_of, open_box, seal

CODE_SECONDS = 600  # how long a code is remembered; the provider forgets it sooner
PRUNED_CODES_MAX = 100
CONTEXT = "operations.provider_grants"


class Grant(msgspec.Struct, frozen=True):
    """What the provider lets us do as somebody."""

    access_token: str
    refresh_token: str | None = None


class KeptGrant(NamedTuple):
    """A grant, and the box that it was kept in: by that it is told from one that came later."""

    grant: Grant
    box: str


_grant = msgspec.json.Decoder(Grant)


async def use_code(pool: Pool, code: str) -> bool:
    """Take note of a code for all processes, and tell whether this was its first use."""
    prune = """
        DELETE FROM operations.used_codes
        WHERE code_hash IN (
            SELECT code_hash
            FROM operations.used_codes
            WHERE used_at < clock_timestamp() - %s * interval '1 second'
            LIMIT %s
            FOR UPDATE SKIP LOCKED
        )
    """
    use = """
        INSERT INTO operations.used_codes AS used (code_hash)
        VALUES (%s)
        ON CONFLICT (code_hash) DO UPDATE SET used_at = EXCLUDED.used_at
            WHERE used.used_at < clock_timestamp() - %s * interval '1 second'
        RETURNING TRUE
    """
    code_hash = hashlib.sha256(code.encode()).hexdigest()
    async with pool.connection() as connection:
        await connection.execute(prune, (CODE_SECONDS, PRUNED_CODES_MAX))
        return await (await connection.execute(use, (code_hash, CODE_SECONDS))).fetchone() is not None


async def keep_grant(pool: Pool, keyring: Keyring, account: int, grant: Grant) -> None:
    """Keep what the provider granted an account, in place of what it granted before."""
    subject = stream_name("accounts", account)
    key = (await keyring.for_subjects([subject]))[subject]
    statement = """
        INSERT INTO operations.provider_grants (account, sealed)
        VALUES (%s, %s)
        ON CONFLICT (account) DO UPDATE SET sealed = EXCLUDED.sealed
    """
    async with pool.connection() as connection:
        await connection.execute(statement, (account, seal(key, msgspec.json.encode(grant), CONTEXT)))


async def kept_grant(pool: Pool, keyring: Keyring, account: int) -> KeptGrant | None:
    """Return what the provider granted an account, None when that is not known, or was erased."""
    query = "SELECT sealed FROM operations.provider_grants WHERE account = %s"
    async with pool.connection() as connection:
        row = await (await connection.execute(query, (account,))).fetchone()
    if row is None:
        return None
    opened = open_box(await keyring.for_ids([key_id_of(row[0])]), row[0], CONTEXT)
    return None if opened is None else KeptGrant(_grant.decode(opened), row[0])


async def drop_grant(pool: Pool, account: int, box: str) -> None:
    """Forget a grant that is dead, unless another one is kept by now."""
    statement = "DELETE FROM operations.provider_grants WHERE account = %s AND sealed = %s"
    async with pool.connection() as connection:
        await connection.execute(statement, (account, box))
