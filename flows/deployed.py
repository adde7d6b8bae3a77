"""What the Prefect server holds, read page by page, since one server may serve many clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse

from flows.providers import PROVIDERS

T = TypeVar("T")
PAGE = 200
"""As many of anything as the server gives at once."""


def paged(read: Callable[..., list[T]], **chosen: Any) -> Iterator[T]:
    """Everything that one of the client's ways to read a list gives, however much it is."""
    offset, page = 0, read(limit=PAGE, offset=0, **chosen)
    yield from page
    while len(page) == PAGE:
        offset += PAGE
        page = read(limit=PAGE, offset=offset, **chosen)
        yield from page


def deployed(client: SyncPrefectClient) -> Iterator[tuple[str, DeploymentResponse]]:
    """Every deployment, with the name of its flow."""
    flows = {flow.id: flow.name for flow in paged(client.read_flows)}
    for one in paged(client.read_deployments):
        yield flows.get(one.flow_id, ""), one


def accounts_of(unit: str) -> list[str]:
    """The saved accounts of a unit, as "provider/block name": all but those that are deployed for others alone.

    What one client's machine checks with must not be the account of another client of the same server.
    """
    providers = {kind.get_block_type_slug(): provider for provider, (kind, _) in PROVIDERS.items()}
    units: dict[str, set[Any]] = {}
    with get_client(sync_client=True) as client:
        for flow, one in deployed(client):
            label = f"{flow}/{one.parameters.get('account')}"
            units.setdefault(label, set()).add(one.parameters.get("unit"))
        saved = [*paged(client.read_block_documents, include_secrets=False)]
    kinds = [(document.block_type.slug if document.block_type else "", document.name) for document in saved]
    labels = {f"{providers[slug]}/{name}" for slug, name in kinds if slug in providers}
    return sorted(label for label in labels if unit in units.get(label, {unit}))
