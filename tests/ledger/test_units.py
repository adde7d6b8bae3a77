"""A ledger belongs to one accounting unit, so that one firm's money never pays another firm's documents."""

from pathlib import Path

import platformdirs
import pytest
from pydantic import SecretStr

from tasks.errors import SettingError
from tasks.ledger import Ledger


def test_each_unit_has_a_file_of_its_own_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path)
    for unit in ("12345678", "87654321"):
        Ledger.of_unit(unit).close()
        Ledger.of_unit(unit, SecretStr(" ")).close()
    assert sorted(file.name for file in tmp_path.glob("*.db")) == ["ledger-12345678.db", "ledger-87654321.db"]


def test_a_ledger_that_belongs_to_another_unit_is_refused(tmp_path: Path) -> None:
    address = SecretStr(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}")
    Ledger.of_unit("12345678", address).close()
    Ledger.of_unit("12345678", address).close()
    with pytest.raises(SettingError, match="12345678"):
        Ledger.of_unit("87654321", address)
