"""Reads the problems that `/book` answers with."""

from http import HTTPStatus
from typing import Any

import httpx


def problem(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem, which is one by RFC 9457."""
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(body)[:4] == ["type", "title", "status", "detail"]
    assert (body["status"], body["title"]) == (answer.status_code, HTTPStatus(answer.status_code).phrase)
    return body


def faults(answer: httpx.Response) -> dict[str, str]:
    """Return what is said about each place in the body."""
    body = problem(answer)
    assert answer.status_code == 422, body
    return {fault["pointer"]: fault["detail"] for fault in body["errors"]}


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the detail of a refusal."""
    return answer.status_code, problem(answer)["detail"]
