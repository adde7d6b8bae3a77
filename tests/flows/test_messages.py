"""Messages as the Prefect server fills them in, also with names that somebody meant for more than a name."""

import json
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from prefect.server.utilities.user_templates import render_user_template_sync

from flows.messages import RUN_FAILED, SILENT, WORKER_GONE, Form, Message, payload

HOSTILE = "x\r\nBcc: vsichni@jinde.cz\r\n\r\n[klik](http://jinde.cz)<!channel>" + "y" * 500
CONTEXT: dict[str, Any] = {
    "event": SimpleNamespace(
        resource={
            "prefect.resource.name": HOSTILE,
            "prefect.state-type": "FAILED",
            "prefect.state-message": HOSTILE,
        }
    ),
    "flow_run": None,
}


def context(unit: object) -> dict[str, Any]:
    run = SimpleNamespace(name=HOSTILE, parameters=SimpleNamespace(unit=unit))
    return {**CONTEXT, "flow_run": run}


@pytest.mark.parametrize("message", [RUN_FAILED, WORKER_GONE, SILENT])
def test_a_name_stays_one_short_line_without_markup(message: Message) -> None:
    for template in (message.subject, message.text, message.unit):
        said = render_user_template_sync(template, context(HOSTILE))
        assert "\r" not in said
        assert "\nBcc" not in said
        assert not set("<>[]") & set(said)
    subject = render_user_template_sync(message.subject, context(HOSTILE))
    assert "\n" not in subject
    assert len(subject) < 700


@pytest.mark.parametrize("form", get_args(Form))
@pytest.mark.parametrize("unit", [HOSTILE, None, 7])
def test_a_webhook_gets_valid_json_whatever_names_are(form: Form, unit: object) -> None:
    plain = Message("x", "error", RUN_FAILED.subject, RUN_FAILED.text, "", RUN_FAILED.unit)
    body = json.loads(render_user_template_sync(payload(plain, form), context(unit)))
    assert "Běh skončil chybou." in json.dumps(body, ensure_ascii=False)
