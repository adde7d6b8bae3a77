"""
Who is told of what: automations on the Prefect server, made from the block „Upozornění“ and kept as it says.

    uv run python -m flows.automations           make or update them
    uv run python -m flows.automations --test    and send one message of each kind
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.events.schemas.automations import AutomationCore
from prefect.states import Completed, Failed

from blocks.notification import Notification
from flows.command_line import add_home, prefect_of
from flows.deliveries import saved_ways
from flows.forms import titled
from flows.runs import block_named, is_saved
from flows.telling import masked_logs, told
from flows.triggers import NEWLY_FOUND, hung_runs, messages
from flows.trying import FAILED, tried
from tasks.errors import PohodaPaymentsError
from tasks.secrets import masked, secrets_of

BLOCK = "notification"


def ensure_automations(block: str = BLOCK) -> list[str]:
    """Make the automations, or bring them to what they should be, and return their names.

    Without a block of this name only runs without a heartbeat are ended, and nobody is told anything. What
    somebody has switched off stays off. Raises SettingError when the block cannot be used.
    """
    with get_client(sync_client=True) as client:
        wanted = [hung_runs()]
        if is_saved(Notification, block):
            notification = block_named(Notification, block)
            ways = saved_ways(client, notification)
            wanted += messages(ways, timedelta(hours=notification.silent_hours))
        for automation in wanted:
            _ensure(client, automation)
    return [automation.name for automation in wanted]


def _ensure(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    standing = client.read_automations_by_name(wanted.name)
    for doubled in standing[1:]:
        client.delete_automation(doubled.id)
    if not standing:
        client.create_automation(wanted)
        return
    wanted.enabled = all(found.enabled for found in standing)
    # An update makes the server forget what it is waiting for and what it has told, so none is made in vain.
    if AutomationCore.model_validate(standing[0].model_dump()).model_dump() != wanted.model_dump():
        client.update_automation(standing[0].id, wanted)


@flow(name="notices")
def notices(block: Annotated[str, titled("Blok Upozornění")] = BLOCK) -> State[Any]:
    """Nastaví upozornění podle bloku „Upozornění“ a pošle od každého druhu jednu zkušební zprávu.

    Spusťte ho po každé změně toho bloku.

    Args:
        block: Jméno bloku „Upozornění“.
    """

    def story() -> State[Any]:
        with masked_logs(block_named(Notification, block)):
            ensure_automations(block)
            results = _tried(block)
        text = "; ".join(results)
        return Failed(message=text) if FAILED in text else Completed(message=text)

    return told(story)


def _tried(block: str) -> list[str]:
    """What came of the trial; the address of a webhook is a secret, and why it failed may quote it."""
    secrets = secrets_of(block_named(Notification, block))
    return [masked(one, secrets) for one in tried(NEWLY_FOUND)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when all is made and, if asked, every message was taken."""
    parser = argparse.ArgumentParser(prog="python -m flows.automations", description="Nastavení upozornění.")
    parser.add_argument("block", nargs="?", default=BLOCK, help="název bloku Upozornění")
    parser.add_argument("--test", action="store_true", help="poslat od každého druhu jednu zkušební zprávu")
    add_home(parser)
    asked = parser.parse_args(arguments)
    try:
        with prefect_of(asked.home):
            print("\n".join(ensure_automations(asked.block)))
            results = _tried(asked.block) if asked.test else []
    except PohodaPaymentsError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(results))
    return 1 if any(FAILED in one for one in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
