"""What a file with answers may say, and how a mistake in it is told."""

import re
from pathlib import Path

import pytest

from flows.on_server import blocks_of
from tasks.errors import SettingError
from tasks.installing.answers import Standing, read_answers

UNIT = """
[units.pohoda]
ico = "12345678"
database = {server = "SERVER", login = "cteni", password = {env = "DB"}}
mserver = {user = "platby", password = "tajne-heslo"}
"""
FIO = """
[accounts.fio.fio]
token = {env = "TOKEN"}
iban = "CZ6508000000192000145399"
"""
ENVIRONMENT = {"DB": "heslo-databaze", "TOKEN": "x" * 64}


def written(folder: Path, text: str) -> Path:
    file = folder / "answers.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingError) as refused:
        blocks_of(read_answers(written(folder, text), ENVIRONMENT), folder)
    return str(refused.value)


def test_blocks_are_made_from_the_file_and_secrets_from_the_environment(tmp_path: Path) -> None:
    made = dict(blocks_of(read_answers(written(tmp_path, UNIT + FIO), ENVIRONMENT), tmp_path))
    assert made["pohoda"].database.password.get_secret_value() == "heslo-databaze"  # pyright: ignore[reportAttributeAccessIssue]
    assert made["fio"].token.get_secret_value() == "x" * 64  # pyright: ignore[reportAttributeAccessIssue]


def test_the_ledger_is_named_in_the_home_folder_so_that_every_account_finds_the_same_one(tmp_path: Path) -> None:
    made = dict(blocks_of(read_answers(written(tmp_path, UNIT), ENVIRONMENT), tmp_path))
    ledger = made["pohoda"].ledger.get_secret_value()  # pyright: ignore[reportAttributeAccessIssue]
    assert ledger == f"sqlite:///{(tmp_path / 'ledger-12345678.db').as_posix()}"


def test_the_example_of_the_guide_is_one_that_set_up_takes(tmp_path: Path) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "instalace.md").read_text(encoding="utf-8")
    example = guide.partition("```toml")[2].partition("```")[0]
    secrets = dict.fromkeys(re.findall(r'env = "(\w+)"', example), "x" * 64)
    made = dict(blocks_of(read_answers(written(tmp_path, example), secrets), tmp_path))
    assert set(made) == {"pohoda", "fio", "notification"}


def test_several_accounts_and_units_stand_side_by_side(tmp_path: Path) -> None:
    second = UNIT.replace("units.pohoda", "units.druha").replace("12345678", "87654321")
    eur = FIO.replace("fio.fio", "fio.fio-eur") + 'unit = "druha"\n'
    answers = read_answers(written(tmp_path, UNIT + second + FIO + 'unit = "pohoda"\n' + eur), ENVIRONMENT)
    assert [answers.unit_of("fio", name, Standing()) for name in ("fio", "fio-eur")] == ["pohoda", "druha"]


def test_what_is_installed_need_not_be_told_again_when_something_is_added(tmp_path: Path) -> None:
    standing = Standing(units=["pohoda"], accounts={"fio/fio": "pohoda"})
    second = UNIT.replace("units.pohoda", "units.druha").replace("12345678", "87654321")
    answers = read_answers(written(tmp_path, second + FIO), ENVIRONMENT, standing)
    assert answers.unit_of("fio", "fio", standing) == "pohoda"
    alone = read_answers(written(tmp_path, FIO.replace("fio.fio", "fio.fio-eur")), ENVIRONMENT, standing)
    assert alone.unit_of("fio", "fio-eur", standing) == "pohoda"
    assert [name for name, _ in blocks_of(alone, tmp_path)] == ["fio-eur"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (UNIT.replace('ico = "12345678"', ""), "ico"),
        (UNIT + FIO.replace('"CZ6508000000192000145399"', '"neni iban"'), "iban"),
        (UNIT + "[accounts.jina-banka.ucet]\n", "jina-banka"),
        (UNIT + FIO + 'unit = "neznama"\n', "neznama"),
        (UNIT.replace("units.pohoda", 'units."Účetní Jednotka"'), "name of a block"),
        ("units = {}\n", "no accounting unit"),
        (UNIT + "neznamy = 1\n[server]\nporrt = 4200\n", "porrt"),
        (UNIT.replace('{env = "DB"}', '{env = "NENI"}'), "NENI"),
        (UNIT + "= nesmysl\n", "cannot be read"),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(tmp_path, text)


@pytest.mark.parametrize("value", ["1", "[1, 2]", "{a = 1}", "true"])
@pytest.mark.parametrize("field", ["ico", "user", "server", "login"])
def test_no_refusal_holds_a_secret(tmp_path: Path, field: str, value: str) -> None:
    told = refusal(tmp_path, re.sub(rf'\b{field} = ("\w+")', f"{field} = {value}", UNIT))
    assert field in told
    assert "tajne-heslo" not in told
    assert "heslo-databaze" not in told


def test_a_broken_line_is_named_by_its_number_and_not_repeated(tmp_path: Path) -> None:
    told = refusal(tmp_path, UNIT + 'heslo = "tajne\n')
    assert "line" in told
    assert "tajne" not in told


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nikde\.toml"):
        read_answers(tmp_path / "nikde.toml")
