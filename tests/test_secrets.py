"""A secret is not seen, whatever text it slipped into."""

import base64
import logging

import pytest
from pydantic import BaseModel, SecretStr

from tasks.secrets import MASK, MaskSecrets, fingerprint, masked, secrets_of
from tests.planted import found_in, spellings

SECRET = SecretStr("s3cret/with slash")


def test_every_spelling_of_a_secret_is_masked() -> None:
    text = "plain s3cret/with slash, path s3cret%2Fwith%20slash, query s3cret%2Fwith+slash"
    assert masked(text, [SECRET]) == f"plain {MASK}, path {MASK}, query {MASK}"


@pytest.mark.parametrize("user", ["a", "ab", "abc"])
def test_a_password_inside_basic_authentication_is_masked_wherever_it_begins(user: str) -> None:
    value = "p4ss-w0rd-of-the-bank"
    coded = base64.b64encode(f"{user}:{value}".encode()).decode()
    clean = masked(f"Authorization: Basic {coded}", [SecretStr(value)])
    assert MASK in clean
    assert found_in(clean, spellings(value)) == []


def test_a_secret_written_in_xml_or_cut_short_is_masked() -> None:
    value = "a<b&c-and-more-of-a-long-secret"
    assert masked("<k>a&lt;b&amp;c-and-more-of-a-long-secret</k>", [SecretStr(value)]) == f"<k>{MASK}</k>"
    assert masked(f"answer: {value[:22]}", [SecretStr(value)]) == f"answer: {MASK}lo"


def test_a_very_short_secret_does_not_blot_out_words() -> None:
    assert masked("a cat sat", [SecretStr("a"), None]) == "a cat sat"


def test_a_fingerprint_tells_two_secrets_apart_and_neither_of_them() -> None:
    assert fingerprint(SECRET) != fingerprint(SecretStr("another"))
    assert "s3cret" not in fingerprint(SECRET)


def test_secrets_are_found_in_models_inside_models() -> None:
    class Inner(BaseModel):
        password: SecretStr

    class Outer(BaseModel):
        inner: Inner
        many: list[Inner]
        named: dict[str, SecretStr]
        none: SecretStr | None = None

    inner = Inner(password=SecretStr("one"))
    outer = Outer(inner=inner, many=[Inner(password=SecretStr("two"))], named={"x": SecretStr("three")})
    assert {secret.get_secret_value() for secret in secrets_of(outer)} == {"one", "two", "three"}


def test_the_net_under_the_loggers_catches_messages_arguments_and_tracebacks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("a.run")
    net = MaskSecrets([SECRET])
    logger.addFilter(net)
    try:
        logger.error("token %s", SECRET.get_secret_value())
        try:
            raise ValueError(SECRET.get_secret_value())
        except ValueError:
            logger.exception("it broke")
    finally:
        logger.removeFilter(net)
    assert "s3cret" not in caplog.text
    assert caplog.text.count(MASK) >= 2
