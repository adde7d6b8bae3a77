"""Messages as templates, which the Prefect server fills in with the event that caused one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["text", "teams", "json"]


@dataclass(frozen=True)
class Message:
    """A message as Jinja templates, filled in by the Prefect server with the event that caused it."""

    code: str
    severity: str
    subject: str
    text: str
    link: str
    unit: str = ""
    source: str = ""


_QUOTED = (
    "replace('\\r', ' ') | replace('\\n', ' ') | replace('<', '‹') | replace('>', '›') "
    "| replace('[', '(') | replace(']', ')')"
)
_UNIT = f"{{{{ (flow_run.parameters.unit or '') | string | {_QUOTED} | truncate(100, true, '…') }}}}"
_NAMED = f"{{{{ event.resource['prefect.resource.name'] | {_QUOTED} | truncate(100, true, '…') }}}}"
_LINK = "{% if flow_run %}{{ flow_run | ui_url }}{% endif %}"

FOUND = Message(
    code="{{ event.payload.code }}",
    severity="{{ event.payload.severity }}",
    subject="{{ event.payload.subject }}",
    text="{{ event.payload.text }}",
    link=_LINK,
    unit="{{ event.payload.unit }}",
    source="{{ event.payload.source }}",
)
RUN_FAILED = Message(
    code="run_failed",
    severity="error",
    subject=f"POHODA platby, {_UNIT}: běh {{{{ flow_run.name | {_QUOTED} }}}} se nezdařil",
    text=f"Jednotka: {_UNIT}\nBěh: {{{{ flow_run.name | {_QUOTED} }}}}\n\n"
    "- {% if event.resource['prefect.state-type'] == 'CRASHED' %}Běh byl přerušen: spadl, někdo ho ukončil, "
    "nebo se odmlčel.{% else %}Běh skončil chybou.{% endif %}\n"
    f"- {{{{ (event.resource['prefect.state-message'] or '') | {_QUOTED} | truncate(500, true, '…') }}}}\n\n"
    "Co udělat: Otevřete běh a řiďte se jeho poslední větou. Spustit ho znovu je bezpečné, nic se nezdvojí; "
    "další běh podle rozvrhu dožene, co chybí.",
    link=_LINK,
    unit=_UNIT,
)
WORKER_GONE = Message(
    code="worker_gone",
    severity="error",
    subject=f"POHODA platby: worker {_NAMED} neběží",
    text=f"- Fronta práce {_NAMED} nemá přes 10 minut žádný běžící worker, "
    "platby se nestahují a nezapisují.\n\nCo udělat: Zapněte počítač klienta a ověřte, že na něm běží služba "
    "workeru. Po jejím spuštění se doženou všechny dny samy.",
    link="{% if work_pool %}{{ work_pool | ui_url }}{% endif %}",
)
SILENT = Message(
    code="check_missing",
    severity="error",
    subject=f"POHODA platby, {_NAMED}: denní kontrola neproběhla",
    text=f"Jednotka: {_NAMED}\n\n- Kontrola neproběhla déle, než má, nejspíš "
    "tedy neběží nic.\n\nCo udělat: Ověřte, že počítač klienta je zapnutý, worker běží a nasazení check není "
    "pozastavené.",
    link=_LINK,
    unit=_NAMED,
)

_WITHOUT_MARKUP = "replace('&', '&amp;') | replace('<', '&lt;') | replace('>', '&gt;')"


def payload(message: Message, form: Form) -> str:
    """The template of the webhook's JSON body; each value is written by `tojson`, so that it stays a value."""
    parts = {"code": message.code, "severity": message.severity, "unit": message.unit, "source": message.source}
    parts |= {"subject": message.subject, "text": message.text, "link": message.link}
    values = "".join(f"{{% set {name} %}}{template}{{% endset %}}" for name, template in parts.items())
    return values + _BODIES[form]


_BODIES = {
    "json": "{" + ", ".join(f'"{name}": {{{{ {name} | tojson }}}}' for name in Message.__annotations__) + "}",
    "text": '{"text": {{ ("*" ~ subject ~ "*\\n" ~ text ~ "\\n\\n" ~ link) | '
    + _WITHOUT_MARKUP
    + " | tojson }}}",
    "teams": (
        '{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", '
        '"content": {"type": "AdaptiveCard", "version": "1.4", '
        '"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "body": ['
        '{"type": "TextBlock", "weight": "Bolder", "wrap": true, "text": {{ subject | tojson }}}, '
        '{"type": "TextBlock", "wrap": true, "text": {{ text | replace("\\n", "\\n\\n") | tojson }}}'
        '{% if link %}, {"type": "TextBlock", "wrap": true, "text": {{ link | tojson }}}{% endif %}]}}]}'
    ),
}
