"""What is known of the limits of an API that tells of them in its answers."""

import json

import pytest

from workers.loader.limits import RateLimits, route_of

ROLES = route_of("POST", "/guilds/920/roles")
FULL = {"X-RateLimit-Bucket": "abc", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "2.5"}


def test_a_bucket_that_is_empty_is_waited_for() -> None:
    limits = RateLimits()
    assert limits.seconds_left(ROLES, 100.0) == 0
    limits.learn(ROLES, FULL, 100.0)
    assert limits.seconds_left(ROLES, 101.0) == 1.5
    assert limits.seconds_left(ROLES, 102.5) == 0


def test_requests_that_are_under_way_count() -> None:
    limits = RateLimits()
    limits.learn(ROLES, {**FULL, "X-RateLimit-Remaining": "1"}, 100.0)
    assert limits.seconds_left(ROLES, 100.0) == 0
    limits.spend(ROLES)
    assert limits.seconds_left(ROLES, 100.0) == 2.5


def test_routes_of_one_bucket_share_it_and_guilds_do_not() -> None:
    limits = RateLimits()
    edit, other = route_of("PATCH", "/guilds/920/roles/7"), route_of("POST", "/guilds/921/roles")
    limits.learn(edit, {**FULL, "X-RateLimit-Remaining": "5"}, 99.0)
    limits.learn(ROLES, FULL, 100.0)
    assert limits.seconds_left(edit, 100.0) == 2.5
    assert limits.seconds_left(other, 100.0) == 0


def test_a_refusal_closes_its_bucket_and_a_global_one_everything() -> None:
    limits = RateLimits()
    limits.refuse(ROLES, {"Retry-After": "3"}, json.dumps({"retry_after": 2.2, "global": False}).encode(), 100.0)
    assert limits.seconds_left(ROLES, 100.0) == 3
    assert limits.seconds_left(route_of("GET", "/users/@me"), 100.0) == 0
    limits.refuse(ROLES, {}, b'{"retry_after": 7.5, "global": true}', 100.0)
    assert limits.seconds_left(route_of("GET", "/users/@me"), 100.0) == 7.5


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"retry_after": "soon"}', b"[" * 5000])
def test_a_refusal_that_says_nothing_is_waited_out_for_a_second(content: bytes) -> None:
    limits = RateLimits()
    limits.refuse(ROLES, {"Retry-After": "nan"}, content, 100.0)
    assert limits.seconds_left(ROLES, 100.0) == 1


def test_ids_matter_where_limits_are_kept_apart_by_them() -> None:
    assert route_of("DELETE", "/guilds/9/roles/1") == route_of("DELETE", "/guilds/9/roles/2")
    assert route_of("DELETE", "/channels/1") != route_of("DELETE", "/channels/2")
    assert route_of("GET", "/guilds/9/bans?after=7") == route_of("GET", "/guilds/9/bans")
