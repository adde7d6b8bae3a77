"""Every block explains itself in the UI's form, keeps its secrets, and keeps its slug for ever."""

import importlib
import inspect
import json
import pkgutil
import re
from typing import Any

import pytest
from prefect.blocks.core import Block
from pydantic import BaseModel

import blocks
from flows.providers import PROVIDERS

SLUGS = {
    "PohodaUnit": "pohoda-unit",
    "Notification": "notification",
    "FioAccount": "fio-account",
    "CsobAccount": "csob-account",
    "CeskaSporitelnaAccount": "ceska-sporitelna-account",
    "ComgateShop": "comgate-shop",
    "GoPayAccount": "gopay-account",
    "GpWebpayMerchant": "gp-webpay-merchant",
    "ByznysWebShop": "byznysweb-shop",
}
"""Slugs as they were first released: a renamed one would orphan every saved block."""


def every_block() -> list[type[Block]]:
    modules = [importlib.import_module(f"blocks.{found.name}") for found in pkgutil.iter_modules(blocks.__path__)]
    classes = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Block) and member.__module__ == module.__name__
    }
    return sorted(classes, key=lambda block: block.__name__)


def models_inside(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for part in re.findall(r"blocks\.\w+\.(\w+)", str(field.annotation)):
            inner = getattr(importlib.import_module(model.__module__), part, None)
            if inner and inner not in found:
                found |= models_inside(inner)
    return found


BLOCKS = every_block()


def test_there_is_a_block_for_every_system_and_no_slug_has_changed() -> None:
    assert {block.__name__: block.get_block_type_slug() for block in BLOCKS} == SLUGS


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_a_block_says_what_it_is_and_how_to_load_it(block: type[Block]) -> None:
    name = block.__name__
    assert str(block.get_description()).endswith(".")
    example = str(block.get_code_example())
    assert f"from {block.__module__} import {name}" in example
    assert f'{name}.load("BLOCK_NAME")' in example


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_field_of_a_form_has_a_title_and_a_sentence(block: type[Block]) -> None:
    for model in models_inside(block):
        for name, field in model.model_fields.items():
            assert field.title, f"{model.__name__}.{name} has no title"
            assert (field.description or "").endswith("."), f"{model.__name__}.{name} has no sentence"


def test_every_account_says_after_how_many_days_without_data_people_are_told() -> None:
    kinds = [kind for kind, _ in PROVIDERS.values()]
    assert [kind.__name__ for kind in kinds if "late_after_days" not in kind.model_fields] == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_settings_inside_a_form_stand_under_the_title_of_their_field(block: type[Block]) -> None:
    for name, inner in block.model_json_schema().get("$defs", {}).items():
        assert not {"title", "description"} & set(inner), f"{name} is shown by its class"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_what_is_named_like_a_secret_is_one(block: type[Block]) -> None:
    telling = re.compile(r"(^|_)(token|secret|password|passphrase|api_key|private_key)$")
    for model in models_inside(block):
        for name, field in model.model_fields.items():
            if telling.search(name):
                assert "SecretStr" in str(field.annotation), f"{model.__name__}.{name} is shown to everybody"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_no_field_of_a_form_is_a_choice_between_kinds_of_values(block: type[Block]) -> None:
    assert "anyOf" not in json.dumps(block.model_json_schema())


def test_forms_hold_no_address_of_a_picture_that_an_offline_browser_cannot_load() -> None:
    shown: list[Any] = [getattr(block, "_logo_url", None) for block in BLOCKS]
    assert shown == [None] * len(BLOCKS)
