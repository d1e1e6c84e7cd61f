"""The page of one setting: what it shows, and what its forms do."""

from tests.api.console.homes import HOSTILE, Home, fields_on, key_text


async def test_a_row_is_created_with_every_kind_of_column(home: Home) -> None:
    made = await home.owner.post(home.path(), home.greeting())
    assert (made.status_code, made.headers["location"].partition("?")[0]) == (303, home.path()), made.text
    [row] = await home.rows()
    assert row.pop("created_at").endswith("Z")
    assert row == {
        "channel": str(home.hello),
        "slot": 1,
        "message": "Welcome!\nRead the rules.",
        "nick": None,
        "tone": "warm",
        "role": None,
        "author": str(home.owner.account),
        "key": None,
        "delay": "5m",
        "until": "2030-01-02T03:04:00Z",
        "secret": "hunter2",
        "count": 20,
        "chance": 0.5,
        "active": True,
        "style": 2,
        "extra": {"a": [1, 2]},
        "script": {"init.luau": "return 1"},
        "roles": [str(home.fans)],
        "words": ["spam", "eggs"],
        "events": ["JOIN"],
        "created_by": str(home.owner.account),
    }


async def test_names_that_want_to_be_markup_are_only_text(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting(**{"f:tone": HOSTILE, "f:nick": f'"><img src=x> {HOSTILE}'}))
    key = key_text(channel=str(home.hello))
    for path in (home.path(), f"{home.path()}?new=1", "/console"):
        page = (await home.owner.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    for asked in ({"row": key}, {"history": key}, {"history": "all"}):
        page = (await home.owner.get(home.path(), params=asked)).text
        assert "<script>alert" not in page
        assert "<img" not in page


async def test_a_page_says_that_nothing_but_its_own_files_may_be_loaded(home: Home) -> None:
    page = await home.owner.get(home.path())
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert " onclick" not in page.text
    assert " style=" not in page.text
    assert page.text.count("<script") == page.text.count('<script src="/console/assets/') == 2


async def test_what_nobody_touched_is_not_written_again(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    before = await home.rows()
    key = key_text(channel=str(home.hello))
    page = (await home.owner.get(home.path(), params={"row": key})).text
    position = fields_on(page)["_position"][0]
    same = home.greeting(_form="Update", _operation="Update", _key=key, _position=position, **{"f:secret": ""})
    del same["m:channel"], same["f:channel"]
    assert (await home.owner.post(home.path(), {**same, "f:until": "2030-01-02T03:04:00"})).status_code == 303
    assert await home.rows() == before
    assert fields_on((await home.owner.get(home.path(), params={"row": key})).text)["_position"][0] == position


async def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(home: Home) -> None:
    typed = home.greeting(**{"f:count": "twelve", "f:message": "Hello there"})
    refused = await home.owner.post(home.path(), typed)
    assert refused.status_code == 422
    fields = fields_on(refused.text)
    assert fields["f:count"] == ["twelve"]
    assert fields["f:delay"] == ["5m"]
    assert "Hello there</textarea>" in refused.text
    assert 'name="f:count" value="twelve"' in refused.text
    place = refused.text.index('name="f:count"')
    assert 'class="fault"' in refused.text[place : place + 400]
    assert "Expected" in refused.text[place : place + 700]
    assert await home.rows() == []


async def test_several_unreadable_texts_are_all_said_at_once(home: Home) -> None:
    faulty = {"f:extra": "{", "p:script": ["a", "a"], "f:script": ["1", "2"]}
    refused = await home.owner.post(home.path(), home.greeting(**faulty))
    assert refused.text.count('class="fault"') == 2
    assert "This is not JSON" in refused.text
    assert "Two files have the same path." in refused.text


async def test_a_second_row_of_one_key_is_refused_beside_the_key(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    refused = await home.owner.post(home.path(), home.greeting())
    assert refused.status_code == 422
    assert "There is already a row with this channel" in refused.text


async def test_room_for_more_items_is_made_without_writing_anything(home: Home) -> None:
    longer = await home.owner.post(home.path(), home.greeting(_more="events"))
    assert longer.status_code == 200
    assert fields_on(longer.text)["f:events"] == ["JOIN", "", ""]
    longer = await home.owner.post(home.path(), home.greeting(_more="script"))
    assert fields_on(longer.text)["p:script"] == ["init.luau", "", ""]
    assert await home.rows() == []


async def test_rows_change_places(home: Home) -> None:
    for channel in (home.hello, home.rules):
        await home.owner.post(home.path(), home.greeting(**{"f:channel": str(channel)}))
    moved = await home.owner.post(home.path(), {"_key": key_text(channel=str(home.rules)), "_move": "up"})
    assert moved.headers["location"].endswith("done=Reorder")
    assert [row["channel"] for row in await home.rows()] == [str(home.rules), str(home.hello)]
    await home.owner.post(home.path(), {"_key": key_text(channel=str(home.rules)), "_move": "up"})
    assert [row["channel"] for row in await home.rows()] == [str(home.rules), str(home.hello)]


async def test_a_row_is_deleted_and_comes_back_when_that_is_undone(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    before = await home.rows()
    gone = await home.owner.post(home.path(), {"_key": key_text(channel=str(home.hello)), "_operation": "Delete"})
    assert await home.rows() == []
    page = (await home.owner.get(gone.headers["location"])).text
    assert "Deleted." in page
    undo = page[page.index('name="_undo" value="') :].split('"')[3]
    back = await home.owner.post(home.path(), {"_key": key_text(channel=str(home.hello)), "_undo": undo})
    assert back.headers["location"].endswith("done=Undo")
    assert await home.rows() == before


async def test_history_says_who_changed_what_and_lets_it_be_undone(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    key = key_text(channel=str(home.hello))
    changed = {"_form": "Update", "_operation": "Update", "_key": key, "m:message": "area", "f:message": "Hi."}
    await home.manager.post(home.path(), changed)
    page = (await home.owner.get(home.path(), params={"history": key})).text
    story = page[page.index('<ol class="history">') :]
    assert story.index("<strong>Changed</strong>") < story.index("<strong>Created</strong>")
    assert "by mark," in story
    assert "by Olga," in story
    assert "Hi." in story
    assert "hunter2" not in page
    newest, first = (part.split('"')[0] for part in story.split('name="_undo" value="')[1:])
    await home.owner.post(home.path(), {"_key": key, "_undo": newest})
    assert (await home.rows())[0]["message"] == "Welcome!\nRead the rules."
    await home.owner.post(home.path(), {"_key": key, "_undo": first})
    assert await home.rows() == []


async def test_of_two_people_who_change_a_row_the_second_sees_what_the_first_did(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    key = key_text(channel=str(home.hello))
    position = fields_on((await home.owner.get(home.path(), params={"row": key})).text)["_position"][0]
    shown = home.greeting(_form="Update", _operation="Update", _key=key, _position=position, **{"f:secret": ""})
    shown |= {"f:until": "2030-01-02T03:04:00"}
    await home.manager.post(home.path(), {**shown, "f:message": "Theirs", "f:count": "21"})
    asked = await home.owner.post(home.path(), {**shown, "f:message": "Mine", "f:delay": "9m"})
    assert asked.status_code == 409
    assert "<strong>Changed meanwhile</strong> by mark" in asked.text
    assert "Mine</textarea>" in asked.text
    assert "Theirs" in asked.text
    fields = fields_on(asked.text)
    assert (fields["f:count"], fields["f:delay"]) == (["21"], ["9m"])
    assert fields["_position"][0] != position
    again = {**shown, "_position": fields["_position"][0], "f:message": "Mine", "f:delay": "9m", "f:count": "21"}
    assert (await home.owner.post(home.path(), again)).status_code == 303
    [row] = await home.rows()
    assert (row["message"], row["delay"], row["count"]) == ("Mine", "9m", 21)


async def test_what_was_typed_for_a_row_that_somebody_deleted_may_become_a_new_one(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    key = key_text(channel=str(home.hello))
    await home.manager.post(home.path(), {"_key": key, "_operation": "Delete"})
    typed = home.greeting(_form="Update", _operation="Update", _key=key, _position="1", **{"f:message": "Still here"})
    offered = await home.owner.post(home.path(), typed)
    assert offered.status_code == 409
    assert "Still here</textarea>" in offered.text
    assert 'name="_form" value="Create"' in offered.text


async def test_a_setting_of_one_row_is_a_form_from_the_start(home: Home) -> None:
    page = await home.owner.get(home.path("a/b c"))
    assert 'name="f:words"' in page.text
    form = {"_form": "Update", "_operation": "Update", "_key": "{}", "_position": "0", "m:words": "lines"}
    saved = await home.owner.post(
        home.path("a/b c"), {**form, "f:words": "spam", "m:strict": "switch", "f:strict": "false"}
    )
    assert saved.status_code == 303, saved.text
    assert "spam</textarea>" in (await home.owner.get(home.path("a/b c"))).text


async def test_an_operation_of_the_templates_own_is_asked_for_with_the_row(home: Home) -> None:
    await home.owner.post(home.path(), home.greeting())
    key = key_text(channel=str(home.hello))
    page = (await home.owner.get(home.path(), params={"row": key})).text
    assert '<button name="_operation" value="test">Try it</button>' in page
    asked = await home.owner.post(home.path(), home.greeting(_form="Update", _operation="test", _key=key))
    assert "done=test" in asked.headers["location"]
    assert "test: asked for." in (await home.owner.get(asked.headers["location"])).text
