"""A run's settings come from blocks that people saved from forms, which Prefect does not check."""

from __future__ import annotations

import uuid

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentCreate

from blocks.fio import FioAccount
from flows.on_server import register_kinds
from flows.runs import block_named
from tasks.errors import SettingError


def test_a_block_saved_with_a_mistake_is_told_by_its_field_and_never_by_its_secret(prefect: None) -> None:
    register_kinds([FioAccount])
    name, typed = f"fio-{uuid.uuid4().hex[:8]}", "q7Zx" * 15 + "q7Z"
    with get_client(sync_client=True) as client:
        kind = client.read_block_type_by_slug(FioAccount.get_block_type_slug())
        schema = client.read_block_schemas()
        data = {"token": typed, "iban": "CZ6508000000192000145399"}
        client.create_block_document(
            BlockDocumentCreate(
                name=name,
                data=data,
                block_type_id=kind.id,
                block_schema_id=next(one.id for one in schema if one.block_type_id == kind.id),
            )
        )
    with pytest.raises(SettingError, match=r"token: .*64 písmen a číslic") as raised:
        block_named(FioAccount, name)
    assert typed not in str(raised.value)
