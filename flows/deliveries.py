"""
The ways by which messages leave the Prefect server, and how a message looks on each.

Messages are sent by the server, so that one about a worker that is gone arrives as well. The server knows only
Prefect's own kinds of blocks; hence the settings in our block are copied into two of those. For e-mail it is the
one whose address Prefect hands to its library of notifications (apprise) as it is, whatever its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode
from uuid import UUID

from prefect.blocks.core import Block
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook, SendNotification
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from blocks.notification import Notification
from flows.messages import Form, Message, payload

SAVED_AS = "pohoda-payments"
SENDER = "POHODA platby"
Action = CallWebhook | SendNotification


@dataclass(frozen=True)
class Ways:
    """The saved blocks by which messages leave; None where a way is not in use."""

    webhook: UUID | None
    webhook_format: Form
    mail: UUID | None

    def actions(self, message: Message) -> list[Action]:
        """What an automation does to send the message every way."""
        found: list[Action] = []
        if self.webhook:
            found.append(
                CallWebhook(block_document_id=self.webhook, payload=payload(message, self.webhook_format))
            )
        if self.mail:
            text = f"{message.text}\n\nPodrobnosti: {message.link}\n"
            found.append(SendNotification(block_document_id=self.mail, subject=message.subject, body=text))
        return found


def saved_ways(client: SyncPrefectClient, notification: Notification) -> Ways:
    """Save what the block says where the server looks for it; a way that is no longer in use is deleted."""
    webhook = mail = None
    if notification.webhook.get_secret_value():
        headers = {"Content-Type": "application/json; charset=utf-8"}
        webhook = _saved(Webhook(url=notification.webhook, headers=headers))  # pyright: ignore[reportArgumentType]
    else:
        _delete(client, Webhook)
    if notification.recipients:
        mail = _saved(SlackWebhook(url=mail_address(notification)))
    else:
        _delete(client, SlackWebhook)
    return Ways(webhook, notification.webhook_format, mail)


def _saved(block: Block) -> UUID:
    saved = block.save(SAVED_AS, overwrite=True)
    if not isinstance(saved, UUID):
        raise TypeError("a block was saved in the background")
    return saved


def _delete(client: SyncPrefectClient, kind: type[Block]) -> None:
    try:
        document = client.read_block_document_by_name(SAVED_AS, kind.get_block_type_slug())
    except ObjectNotFound:
        return
    client.delete_block_document(document.id)


def mail_address(notification: Notification) -> SecretStr:
    """The mail server, its login and the recipients as apprise reads them. TLS is always on and verified."""
    server = notification.mail_server
    login = ""
    if server.login:
        login = f"{quote(server.login, safe='')}:{quote(server.password.get_secret_value(), safe='')}@"
    options = {
        "smtp": server.host,
        "mode": "ssl" if server.security == "tls" else "starttls",
        "from": server.sender,
        "name": SENDER,
        "to": ",".join(notification.recipients),
        "format": "text",
        "verify": "yes",
    }
    return SecretStr(f"mailtos://{login}{server.host}:{server.port}/?{urlencode(options, quote_via=quote)}")


def way_of(action: object) -> str:
    """The way that an action of an automation sends by, for people."""
    return "webhook" if isinstance(action, CallWebhook) else "e-mail"
