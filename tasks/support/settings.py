"""Settings for support: the fields that are listed here, as far as they look harmless; of the others only whether
they are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

Field = tuple[str, str]
"""The path of a field inside its block, and what may be told of its value."""

_FIELDS = """
    active amount_field api attempt_suffixes captured_less_refunds combine concurrency connections consent_days
    consent_given_on constant count_field count_from count_test_payments currencies currency
    days_before_document days_kept drift driver encrypt excluded_statuses first_days hash home_currency
    horizon_days kind learn_accounts methods most_pages number_from oldest_first open_days overlap_days
    overpayment_margin paid_field paid_statuses pause_seconds payouts providers recheck_after_days
    reference_column refund_check_minutes refund_days refunds_to_payers rules seconds_between_calls
    series_prefixes starting_seconds statement status strip_leading_zeros suggest_typing_errors symbols system
    tls_1_2_only token_valid_until tolerance trust_certificate variable_symbol_column verify way
    wide_rights_confirmed writer
"""
SHOWN = frozenset(_FIELDS.split())
"""Names of fields whose values support may see. A new field is not seen until it is written here."""
SHORTENED = frozenset({"iban"})
"""Our own accounts: the country and the last four characters."""

_HARMLESS = re.compile(
    r"[A-Za-z_+]{1,24}[0-9]{0,2}|ODBC Driver [0-9]{2} for SQL Server|[A-Za-z-]{1,20}|v[0-9]\.[0-9]|SHA-256"
)
"""A choice, a currency, a column, a provider: never a number of an account or a sentence."""
EMPTY, FILLED, USUAL, HIDDEN_SECRET = "prázdné", "vyplněno", "výchozí", "tajné, vyplněno"


def settings_of(block: BaseModel) -> list[Field]:
    """Every field of a block, those of the sections inside it too."""
    return list(_fields(block, ""))


def _fields(model: BaseModel, before: str) -> Iterator[Field]:
    for name, field in type(model).model_fields.items():
        yield from _told(
            f"{before}{name}", name, getattr(model, name), field.get_default(call_default_factory=True)
        )


def _told(path: str, name: str, value: Any, usual: Any = PydanticUndefined) -> Iterator[Field]:
    if isinstance(value, BaseModel):
        yield from _fields(value, f"{path}.")
    elif isinstance(value, list) and any(isinstance(item, BaseModel) for item in cast("list[Any]", value)):
        for number, item in enumerate(cast("list[Any]", value), 1):
            yield from _told(f"{path}[{number}]", name, item)
    else:
        yield path, _value(name, value, usual)


def _value(name: str, value: Any, usual: Any) -> str:
    if value is None or value == "" or value == []:
        return EMPTY
    if isinstance(value, SecretStr):
        return HIDDEN_SECRET if value.get_secret_value() else EMPTY
    if name in SHORTENED:
        return shortened(str(value))
    if name not in SHOWN:
        return USUAL if value == usual else _filled(value)
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return ", ".join(_harmless(item) for item in items)


def _harmless(value: Any) -> str:
    if not isinstance(value, str):
        return str(value)
    return value if _HARMLESS.fullmatch(value) else FILLED


def _filled(value: Any) -> str:
    return f"{FILLED} ({len(cast('list[Any]', value))})" if isinstance(value, list | dict) else FILLED


def shortened(account: str) -> str:
    """Our own account or contract, so that two can be told apart: its first two and last four characters."""
    plain = re.sub(r"\W", "", account)
    return f"{plain[:2]}…{plain[-4:]}" if len(plain) > 10 else f"…{plain[-4:]}"
