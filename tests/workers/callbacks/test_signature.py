"""The headers of a delivery, against the contract's vector and the rules of Standard Webhooks."""

import base64
import hashlib
import hmac

import pytest

from workers.callbacks.signature import signed_headers, signing_key

BODY = (
    b'{"account":{"id":"204255221017214977","name":"Ines","discriminator":"0412","avatar_url":null,"team":null,'
    b'"permissions":0,"created_at":1795300000.25,"awards":[]},"team":null}'
)


def test_the_vector_of_the_contract_is_signed_as_it_says() -> None:
    assert signed_headers("msg_901_7", 1795300100, BODY, "sample-only") == {
        "Content-Type": "application/json",
        "Authorization": "Bearer sample-only",
        "webhook-id": "msg_901_7",
        "webhook-timestamp": "1795300100",
        "webhook-signature": "v1,H6CpAUJD3gARXSGYIyZHtBSKgIXAy7FyOnoUYCrrp1M=",
    }


def test_an_empty_secret_signs_nothing_and_leaves_the_bearer_empty() -> None:
    headers = signed_headers("msg_1_1", 1, BODY, "")
    assert headers["Authorization"] == "Bearer "
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("plain", b"plain"),
        ("whsec_" + base64.b64encode(b"\x00\xff key").decode(), b"\x00\xff key"),
        ("whsec_not base64!", b"whsec_not base64!"),
        ("whsec_ab!cd", b"whsec_ab!cd"),
        ("whsec_YQ", b"whsec_YQ"),  # no padding
        ("whsec_", b"whsec_"),
        ("ção", "ção".encode()),
    ],
)
def test_a_secret_is_its_own_key_unless_it_is_whsec_and_base64(secret: str, key: bytes) -> None:
    assert signing_key(secret) == key
    expected = base64.b64encode(hmac.digest(key, b"msg_1_1.1." + BODY, hashlib.sha256)).decode()
    assert signed_headers("msg_1_1", 1, BODY, secret)["webhook-signature"] == f"v1,{expected}"
