"""The reports of a day and of a month, from the flows: they tell of every source and change nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flows.overview import day_report, month_report
from tasks.days import prague_day
from tasks.money import czech
from tests.flows.conftest import Firm
from tests.flows.test_explaining import artifact

Open = Callable[..., Firm]
TODAY = prague_day(dt.datetime.now(dt.UTC))


def test_a_day_and_a_month_are_told_over_all_sources_and_nothing_is_changed(open_firm: Open) -> None:
    firm = open_firm()
    for provider in ("gopay", "fio"):
        firm.run(provider)
    standing, requests = firm.pohoda.marks(), len(firm.mserver.import_requests)
    day = max(money.paid_on for money in firm.world.channel("fio") if money.paid_on < TODAY)
    assert day_report(day=day, unit=firm.unit, return_state=True).is_completed()
    state = month_report(month=day, unit=firm.unit, return_state=True)
    assert state.is_completed(), state.message
    assert "Přišlo plateb: 0" not in str(state.message)
    page = artifact(f"mesicni-prehled-{firm.unit}")
    assert "### fio:" in page
    assert "### gopay:" in page
    assert "data:image/svg+xml" in artifact(f"denni-prehled-{firm.unit}")
    assert (firm.pohoda.marks(), len(firm.mserver.import_requests)) == (standing, requests)


def test_a_failed_run_of_the_unit_is_named_in_the_report_of_its_day(open_firm: Open) -> None:
    firm = open_firm()
    backwards = firm.run("gopay", first_day=TODAY, last_day=TODAY - dt.timedelta(days=2))
    run = backwards.state_details.flow_run_id
    assert day_report(day=TODAY, unit=firm.unit, return_state=True).is_completed()
    assert f"/runs/flow-run/{run}" in artifact(f"denni-prehled-{firm.unit}")


def test_a_day_that_has_not_come_yet_is_told_in_a_sentence(open_firm: Open) -> None:
    state = day_report(day=TODAY + dt.timedelta(days=1), unit=open_firm().unit, return_state=True)
    assert state.is_failed()
    assert "have not come yet" in str(state.message)


def test_amounts_of_the_month_are_those_that_the_bank_booked(open_firm: Open) -> None:
    firm = open_firm()
    firm.run("gopay")
    day = max(money.paid_on for money in firm.world.channel("gopay") if money.paid_on < TODAY)
    month_report(month=day, unit=firm.unit, return_state=True)
    counted = [money.amount for money in firm.world.channel("gopay") if money.paid_on == day]
    assert any(czech(amount) in artifact(f"mesicni-prehled-{firm.unit}") for amount in (sum(counted), counted[0]))
