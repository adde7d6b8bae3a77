"""What a run tells: which lines its log lets pass, and what becomes of it when its report is not taken."""

from __future__ import annotations

import logging
from collections.abc import Callable

import httpx
import pytest

from flows.check import check
from flows.telling import OnlyNews
from tests.flows.conftest import Firm
from tests.flows.test_marking import completed, failed


@pytest.mark.parametrize(
    ("level", "line", "passes"),
    [
        (logging.INFO, "Finished in state Completed()", False),
        (logging.INFO, "12 payments, 3 of them new", True),
        (logging.ERROR, "Finished in state Failed('mServer does not answer')", True),
        (logging.WARNING, "Finished in state Completed() after the lease was lost", True),
    ],
)
def test_that_one_more_step_went_well_is_no_news(level: int, line: str, passes: bool) -> None:
    record = logging.LogRecord("prefect.task_runs", level, __file__, 1, line, None, None)
    assert OnlyNews().filter(record) is passes


def test_a_report_that_prefect_does_not_take_is_told_and_marks_and_notices_are_as_with_it(
    open_firm: Callable[..., Firm], monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = open_firm()
    events: list[bytes] = []
    sent = httpx.Client.send

    def without_reports(client: httpx.Client, request: httpx.Request, **how: object) -> httpx.Response:
        if request.url.path.endswith("/events"):
            events.append(request.content)
        refused = request.url.path.endswith("/artifacts/")
        return httpx.Response(413, request=request) if refused else sent(client, request, **how)  # pyright: ignore[reportArgumentType]

    with monkeypatch.context() as refusing:
        refusing.setattr(httpx.Client, "send", without_reports)
        said = [failed(firm.run("fio")), failed(check(unit=firm.unit, accounts=[], return_state=True))]
    assert all("did not take its report. Evidence: PrefectHTTPStatusError 413" in one for one in said), said
    assert firm.pohoda.marks() == firm.should("fio")
    told = b"".join(events)
    assert b"pohoda-payments.payment_waits" in told
    assert b"pohoda-payments.checked" in told
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")
