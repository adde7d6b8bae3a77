from __future__ import annotations

import datetime as dt

import pytest

from tasks.errors import SettingError
from tasks.ledger import Ledger, plans
from tests.ledger.samples import change, changes

UNIT = "12345678"


def test_a_plan_waits_to_be_applied_and_does_not_wait_for_ever(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.keep_plan(UNIT, "first", changes(change("FV1")))
    ledger.keep_plan(UNIT, "second", changes(change("FV2")))
    assert ledger.kept_plan(UNIT, "first")["number"].tolist() == ["FV1"]
    monkeypatch.setattr(plans, "KEPT", dt.timedelta(0))
    ledger.keep_plan(UNIT, "third", changes(change("FV3")))
    assert ledger.kept_plan(UNIT, "third")["number"].tolist() == ["FV3"]
    assert len(ledger.overview().plans) == 1
    with pytest.raises(SettingError, match="no such plan"):
        ledger.kept_plan(UNIT, "first")
