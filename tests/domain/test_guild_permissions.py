"""What a member may do, against the contract's five steps said once more by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.guilds.aggregate import Channel, Guild, Member, Role
from domain.guilds.events import Overwrite
from domain.guilds.permissions import ALL, FLAGS, Standing, standing_among

GUILD, USER, OWNER = 1, 50, 60
BITS = (0, 3, 5, 10, 28, 46, 48, 50)

masks = st.sets(st.sampled_from(BITS)).map(lambda bits: sum(1 << bit for bit in bits))
without_admin = st.sets(st.sampled_from([bit for bit in BITS if bit != 3])).map(lambda bits: sum(1 << b for b in bits))
overwrites = st.lists(
    st.builds(Overwrite, st.sampled_from([1, 2, 3, 4, 5, USER, 70]), st.sampled_from([0, 1]), masks, masks),
    unique_by=lambda overwrite: overwrite.id,
).map(tuple)


def role(number: int, permissions: int = 0, position: int = 0) -> Role:
    return Role(id=number, name=f"role {number}", permissions=permissions, position=position)


def standing(roles: list[Role], held: list[int], owner: int = OWNER) -> Standing:
    return standing_among(Guild(id=GUILD, owner=owner, name="Azores"), Member(id=USER, roles=tuple(held)), roles)


def expected(roles: list[Role], held: set[int], channel: tuple[Overwrite, ...], owner: int) -> int:
    """Follow the contract's steps with sets of bits."""
    everything = {*range(47), 48, 49, 50}
    if owner == USER:
        return number(everything)
    bits = {bit for each in roles if each.id == GUILD or each.id in held for bit in bits_of(each.permissions)}
    if 3 in bits:
        return number(everything)
    everyone = [each for each in channel if each.kind == 0 and each.id == GUILD]
    mine = [each for each in channel if each.kind == 0 and each.id in held - {GUILD} & {each.id for each in roles}]
    me = [each for each in channel if each.kind == 1 and each.id == USER]
    for group in (everyone, mine, me):
        for each in group:
            bits -= bits_of(each.deny)
        for each in group:
            bits |= bits_of(each.allow)
    return number(bits)


def bits_of(mask: int) -> set[int]:
    return {bit for bit in range(64) if mask >> bit & 1}


def number(bits: set[int]) -> int:
    return sum(2**bit for bit in bits)


@given(
    permissions=st.lists(st.one_of(without_admin, masks), min_size=5, max_size=5),
    held=st.sets(st.sampled_from([1, 2, 3, 4, 5, 99])),
    channel=overwrites,
    owner=st.sampled_from([OWNER, OWNER, USER]),
)
def test_permissions_in_a_channel_follow_the_steps(
    permissions: list[int], held: set[int], channel: tuple[Overwrite, ...], owner: int
) -> None:
    roles = [role(n + 1, mask) for n, mask in enumerate(permissions)]
    here = Channel(id=9, kind=0, name="hall", overwrites=channel)
    found = standing(roles, list(held), owner)
    existing = held & {1, 2, 3, 4, 5}
    assert found.in_channel(here) == expected(roles, existing, channel, owner)
    assert found.permissions() == expected(roles, existing, (), owner)


def test_all_is_every_flag_there_is() -> None:
    assert ALL == 2111062325329919 == number({*range(47), 48, 49, 50})
    assert sorted(FLAGS.values()) == [1 << bit for bit in (*range(47), 48, 49, 50)]
    assert (FLAGS["ADMINISTRATOR"], FLAGS["MANAGE_GUILD"], FLAGS["MANAGE_ROLES"]) == (8, 32, 1 << 28)


def test_what_counts_as_everything_may_be_said() -> None:
    assert standing([], [], owner=USER).permissions(7) == 7
    assert standing([role(1, 8)], []).in_channel(Channel(id=9, kind=0, name="hall"), 7) == 7


def test_nothing_is_denied_by_implication() -> None:
    hidden = Channel(id=9, kind=0, name="hall", overwrites=(Overwrite(GUILD, 0, 0, FLAGS["VIEW_CHANNEL"]),))
    found = standing([role(1, FLAGS["VIEW_CHANNEL"] | FLAGS["SEND_MESSAGES"])], [])
    assert found.in_channel(hidden) == FLAGS["SEND_MESSAGES"]


def test_owner_and_administrator_hold_everything() -> None:
    assert standing([], [], owner=USER).holds("MANAGE_GUILD")
    assert standing([role(2, FLAGS["ADMINISTRATOR"])], [2]).holds("MANAGE_GUILD")
    assert not standing([role(1), role(2, FLAGS["ADMINISTRATOR"])], []).holds("MANAGE_GUILD")


def test_a_guild_without_its_everyone_role_gives_nothing_away() -> None:
    assert standing([], [2]).permissions() == 0


@pytest.mark.parametrize(
    ("held", "target", "is_above"),
    [
        ([2], role(3, position=1), True),
        ([2], role(3, position=2), True),  # of two at one position the older one is higher
        ([3], role(2, position=2), False),
        ([2], role(2, position=2), False),
        ([2], role(4, position=3), False),
        ([2, 4], role(3, position=2), True),
        ([5], role(GUILD), True),  # even a role at position 0 is above @everyone
        ([], role(GUILD), False),
        ([], role(5, position=0), False),
    ],
)
def test_a_role_is_below_a_member_with_a_higher_one(held: list[int], target: Role, is_above: bool) -> None:
    at_two = {2: 2, 3: 2, 4: 3, 5: 0}
    roles = [role(GUILD), *(role(number, position=position) for number, position in at_two.items())]
    assert standing(roles, held).is_above(target) is is_above


def test_an_owner_is_above_every_role() -> None:
    assert standing([role(2, position=99)], [], owner=USER).is_above(role(2, position=99))


def test_an_administrator_is_not_above_higher_roles() -> None:
    assert not standing([role(2, FLAGS["ADMINISTRATOR"], position=1)], [2]).is_above(role(3, position=2))
