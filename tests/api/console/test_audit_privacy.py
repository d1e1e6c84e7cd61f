"""Privacy in the console: auditors see who is held and who was erased; operators hold, release, erase and set rules."""

import re

import httpx
import pytest

from tests.api.book.loading import done
from tests.api.console.audits import AUDIT, auditor_of, operator_of, text_of
from tests.api.console.homes import HOSTILE, Home, Visitor
from tests.world import STEWARD, World

PRIVACY = f"{AUDIT}/privacy"


@pytest.fixture
async def operator(world: World) -> Visitor:
    return await operator_of(world)


async def subject_of(world: World) -> str:
    return f"accounts-{await world.account()}"


async def look_up(visitor: Visitor, subject: str) -> str:
    """Return what is said of a subject."""
    page = (await visitor.get(PRIVACY, params={"subject": subject})).text
    return text_of(page.partition(f'aria-label="{subject}"')[2].partition("</section>")[0])


def said(answer: httpx.Response) -> str:
    found = re.search(r'class="say (?:done|fault)".*?<span>(.*?)</span>', answer.text, re.DOTALL)
    return found[1] if found else ""


async def do(operator: Visitor, deed: str, **form: str) -> str:
    """Send a form, and return what is said afterwards."""
    answer = await operator.post(PRIVACY, {"_do": deed, **form})
    if answer.status_code == 303:
        answer = await operator.get(answer.headers["location"])
    return said(answer)


async def test_somebody_is_held_released_and_erased_in_the_operators_name(world: World, operator: Visitor) -> None:
    subject, bot = await subject_of(world), await world.bot("events:read")
    assert "kept" in await look_up(operator, subject)
    assert (await do(operator, "hold", subject=subject, reference="Case 7")).startswith("It is held")
    assert "Held for Case 7" in await look_up(operator, subject)
    assert "Case 7" in await do(operator, "erase", subject=subject, sure=subject)
    assert (await do(operator, "release", subject=subject, reference="Case 7")).startswith("The hold is released")
    assert (await do(operator, "erase", subject=subject, sure=subject, reference="Ticket 9")).startswith("It is erased")
    shown = await look_up(operator, subject)
    assert "Key There is none." in shown
    assert re.search(r"being cleared|erased", shown)
    assert "Ines" not in (await world.anyone.get(f"/account/{subject.removeprefix('accounts-')}")).text
    events = done(await bot.get(f"/book/events?stream=privacy-subject-{subject}"))["items"]
    assert [each["type"].partition(".")[2] for each in events] == ["HoldPlaced", "HoldReleased", "SubjectErased"]
    assert {each["actor"] for each in events} == {f"accounts-{STEWARD}"}


async def test_who_was_held_or_erased_lately_is_listed(world: World, operator: Visitor) -> None:
    held, erased = await subject_of(world), await subject_of(world)
    await do(operator, "hold", subject=held, reference=HOSTILE)
    await do(operator, "erase", subject=erased, sure=erased)
    page = await operator.get(PRIVACY)
    text = text_of(page)
    assert f"{held} for {HOSTILE} held" in text
    assert re.search(rf"{erased} erased \d\d \w+ \d{{4}}, \d\d:\d\d UTC (being cleared|erased)", text)
    assert HOSTILE not in page.text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"_do": "hold", "subject": "accounts-5"}, "Say what it is held for."),
        ({"_do": "hold", "subject": "accounts-5", "reference": "x" * 101}, "100 characters at most"),
        ({"_do": "erase", "subject": "accounts-5"}, "Say that you are sure."),
        ({"_do": "erase", "subject": "accounts-5", "sure": "accounts-6"}, "Say that you are sure."),
        ({"_do": "erase", "subject": f"accounts-{2**62}", "sure": f"accounts-{2**62}"}, "knows nobody of this name"),
        ({"_do": "erase", "subject": "teams-1", "sure": "teams-1"}, "knows nobody of this name"),
        ({"_do": "hold", "subject": "../x", "reference": "Case"}, "knows nobody of this name"),
        ({"_do": "retention", "unseen_people": "0"}, "Days must be between 1 and 36500"),
        ({"_do": "retention", "unseen_people": "soon"}, "Days must be between 1 and 36500"),
    ],
)
async def test_what_cannot_be_done_is_said(operator: Visitor, form: dict[str, str], words: str) -> None:
    refused = await operator.post(PRIVACY, form)
    assert (refused.status_code, words in said(refused)) == (409, True), said(refused)


async def test_rules_of_retention_are_changed_and_shown(world: World, operator: Visitor) -> None:
    try:
        assert (await do(operator, "retention", unseen_people="36500", deleted_accounts="")).startswith("Kept like")
        shown = text_of(await (await auditor_of(world)).get(PRIVACY))
        assert "People of whom nothing was heard 36500 days" in shown
        assert "People whose account was deleted for ever" in shown
    finally:
        await do(operator, "retention", unseen_people="", deleted_accounts="")


async def test_an_auditor_sees_it_all_and_does_nothing(world: World) -> None:
    auditor, subject = await auditor_of(world), await subject_of(world)
    page = await auditor.get(PRIVACY, params={"subject": subject})
    assert 'method="post" action="/console/audit' not in page.text
    for deed in ("hold", "release", "erase", "retention"):
        form = {"_do": deed, "subject": subject, "sure": subject, "reference": "Case", "unseen_people": "1"}
        assert (await auditor.post(PRIVACY, form)).status_code == 403
    assert (await auditor.post("/console/callbacks", {"_do": "pause", "callback": "1"})).status_code == 403
    assert "kept" in await look_up(auditor, subject)


async def test_a_form_from_elsewhere_or_of_somebody_else_does_nothing(
    world: World, home: Home, operator: Visitor
) -> None:
    subject = await subject_of(world)
    form = {"_do": "erase", "subject": subject, "sure": subject}
    away = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await operator.post(PRIVACY, form, away)).status_code == 403
    assert (await home.owner.post(PRIVACY, form)).status_code == 403
    assert (await operator.post(PRIVACY, {"subject": subject})).status_code == 404
    assert "kept" in await look_up(operator, subject)


@pytest.mark.parametrize("subject", ["nonsense", "teams-1", "accounts-0", "accounts-5\n", "\0", "x" * 300, HOSTILE])
async def test_nobody_is_called_anything(operator: Visitor, subject: str) -> None:
    page = await operator.get(PRIVACY, params={"subject": subject})
    assert page.status_code == 200
    assert HOSTILE not in page.text
