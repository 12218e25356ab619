"""Tokens of rotated secrets and of published keys, and for whom they are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from navsync.errors import Unavailable
from navsync.tokens import BadToken, Expected, PublicKeys, verify

OLD, NEW = "the-old-secret-of-more-than-thirty-two-bytes", "the-new-secret-of-more-than-thirty-two-bytes"
SOON = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
CLAIMS: dict[str, Any] = {"sub": "ana", "role": "analyst", "org": "reef", "exp": SOON}


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def published(*names: str, **more: Any) -> list[dict[str, Any]]:
    """Keys as a platform publishes them."""
    public = [
        (name, jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)) for name in names
    ]
    return [key | {"kid": name, "use": "sig", "alg": "RS256"} | more for name, key in public]


def signed(name: str = "a", kid: str | None = None, **changes: Any) -> str:
    claims = {claim: value for claim, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode(claims, private_key(name), algorithm="RS256", headers={"kid": kid or name})


class Platform:
    """Publishes keys and counts how often they are asked for."""

    def __init__(self) -> None:
        self.keys, self.status, self.fetches = published("a"), 200, 0
        self.url = ""


@pytest.fixture
def platform() -> Iterator[Platform]:
    shown = Platform()
    with _serving(shown) as port:
        shown.url = f"http://127.0.0.1:{port}/jwks"
        yield shown


@contextmanager
def _serving(shown: Platform) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.fetches += 1
            self.send_response(shown.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps({"keys": shown.keys}).encode())

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


# --- a shared secret that is rotated ----------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_a_secret_is_rotated_tokens_of_both_are_good(secret: str) -> None:
    assert verify(jwt.encode(CLAIMS, secret), f"{NEW} {OLD}").subject == "ana"


def test_after_the_rotation_a_token_of_the_old_secret_is_not_good() -> None:
    with pytest.raises(BadToken):
        verify(jwt.encode(CLAIMS, OLD), NEW)


@pytest.mark.parametrize("secrets", ["", " "])
def test_without_a_secret_no_token_is_good(secrets: str) -> None:
    with pytest.raises(BadToken):
        verify(jwt.encode(CLAIMS, OLD), secrets)


# --- for whom, from whom ----------------------------------------------------------------------------------------------

EXPECTED = Expected(audience="navsync", issuer="https://navimpact.example")


@pytest.mark.parametrize(
    ("claims", "good"),
    [({"aud": "navsync", "iss": "https://navimpact.example"}, True),
     ({"aud": ["navsync", "other"], "iss": "https://navimpact.example"}, True),
     ({"aud": "other", "iss": "https://navimpact.example"}, False), ({"iss": "https://navimpact.example"}, False),
     ({"aud": "navsync", "iss": "https://elsewhere.example"}, False), ({"aud": "navsync"}, False)],
    ids=str,
)  # fmt: skip
def test_a_token_must_be_for_us_and_from_the_platform_where_that_is_asked(claims: dict[str, Any], good: bool) -> None:
    token = jwt.encode(CLAIMS | claims, OLD)

    assert _is_good(token, EXPECTED) is good


def test_a_token_for_somebody_else_is_not_good_where_no_audience_was_set() -> None:
    assert not _is_good(jwt.encode(CLAIMS | {"aud": "another-app"}, OLD), Expected())


def _is_good(token: str, expected: Expected) -> bool:
    try:
        verify(token, OLD, expected)
    except BadToken:
        return False
    return True


@pytest.mark.parametrize("claims", [{"sub": "x" * 201}, {"org": "x" * 201}, {"sub": ""}], ids=["sub", "org", "empty"])
def test_who_cannot_be_written_into_a_key_is_nobody(claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        verify(jwt.encode(CLAIMS | claims, OLD), OLD)


# --- published keys ---------------------------------------------------------------------------------------------------


def test_a_token_of_a_published_key_is_good(platform: Platform) -> None:
    assert PublicKeys(platform.url).verify(signed()).subject == "ana"


def test_keys_are_read_once_for_many_tokens(platform: Platform) -> None:
    keys = PublicKeys(platform.url)

    for _ in range(5):
        keys.verify(signed())

    assert platform.fetches == 1


def test_a_new_key_is_looked_for_when_a_token_names_it(platform: Platform) -> None:
    keys = PublicKeys(platform.url)
    keys.verify(signed())
    platform.keys = published("b")
    keys.client.cooldown_duration = 0  # half a minute has passed

    assert keys.verify(signed("b")).subject == "ana"


def test_tokens_of_made_up_keys_do_not_make_us_ask_again_and_again(platform: Platform) -> None:
    keys = PublicKeys(platform.url)

    for n in range(20):
        with pytest.raises(BadToken):
            keys.verify(signed(kid=f"made-up-{n}"))

    assert platform.fetches == 1


BAD: dict[str, Any] = {
    "expired": lambda: signed(exp=1),
    "no expiry": lambda: signed(exp=None),
    "signed by another key": lambda: signed("b", kid="a"),
    "no key named": lambda: jwt.encode(CLAIMS, private_key("a"), algorithm="RS256"),
    "another algorithm": lambda: jwt.encode(CLAIMS, private_key("a"), algorithm="RS512", headers={"kid": "a"}),
    "the shared secret's": lambda: jwt.encode(CLAIMS, OLD, headers={"kid": "a"}),
    "none": lambda: jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "a"}),
    "an elliptic key": lambda: jwt.encode(CLAIMS, ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "a"}),
    "an unknown role": lambda: signed(role="owner"),
    "garbage": lambda: "garbage",
    "empty": lambda: "",
}


@pytest.mark.parametrize("made", BAD.values(), ids=BAD.keys())
def test_a_token_that_is_not_good_is_refused(platform: Platform, made: Any) -> None:
    with pytest.raises(BadToken):
        PublicKeys(platform.url).verify(made())


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_the_public_key_is_no_shared_secret(platform: Platform) -> None:
    pem = private_key("a").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header_and_claims = jwt.encode(CLAIMS, "x" * 32, headers={"kid": "a"}).rsplit(".", 1)[0]
    confused = f"{header_and_claims}.{_hmac(pem, header_and_claims)}"

    with pytest.raises(BadToken):
        PublicKeys(platform.url).verify(confused)


def _hmac(key: bytes, text: str) -> str:
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return jwt.utils.base64url_encode(algorithm.sign(text.encode(), key)).decode()


def test_a_key_that_only_encrypts_signs_nothing(platform: Platform) -> None:
    platform.keys = published("a", use="enc")

    with pytest.raises(BadToken):
        PublicKeys(platform.url).verify(signed())


@pytest.mark.parametrize("status", [302, 404, 500])
def test_while_keys_cannot_be_read_nobody_is_taken_for_a_liar(platform: Platform, status: int) -> None:
    platform.status = status

    with pytest.raises(Unavailable):
        PublicKeys(platform.url).verify(signed())


def test_an_outage_of_the_platform_ends_no_key_that_was_just_read(platform: Platform) -> None:
    keys = PublicKeys(platform.url)
    keys.verify(signed())
    platform.status = 500

    assert keys.verify(signed()).subject == "ana"
