"""Set-up as a conversation."""

import re
from pathlib import Path

from blocks.fio import FioAccount
from blocks.pohoda import PohodaUnit
from flows.installing import asked
from flows.on_server import blocks_of
from tasks.installing.home import Installation
from tasks.installing.questions import Console, asked_block
from tasks.installing.versions import here


class Person:
    """Answers by the title of a field, else takes what is offered; walks away when asked without end."""

    def __init__(self, **answers: str | list[str]) -> None:
        self.answers = {title.replace("_", " "): answer for title, answer in answers.items()}
        self.heard: list[str] = []
        self.asked: list[str] = []
        self.console = Console(self.heard.append, self.answer, self.answer)

    def answer(self, question: str) -> str:
        self.asked.append(question)
        assert len(self.asked) < 100
        for title, answer in self.answers.items():
            if re.match(rf"  {title}(,[^\[(]*)?( [\[(].*)?: $", question):
                return answer if isinstance(answer, str) else (answer.pop(0) if len(answer) > 1 else answer[0])
        return ""


def test_only_what_must_be_told_is_asked_and_the_rest_has_its_default() -> None:
    person = Person(Token="x" * 64, IBAN_účtu="CZ6508000000192000145399")
    told = asked_block(FioAccount, "Fio", person.console)
    made = FioAccount.model_validate(told)
    assert made.overlap_days == 7
    assert not any("Překryv" in question for question in person.asked)


def test_a_field_that_is_not_right_is_asked_again_and_the_others_are_not() -> None:
    person = Person(Token="x" * 64, IBAN_účtu=["nesmysl", "CZ6508000000192000145399"])
    asked_block(FioAccount, "Fio", person.console)
    assert len([question for question in person.asked if question.startswith("  Token:")]) == 1
    assert any(line.startswith("  ! IBAN účtu: tohle není IBAN") for line in person.heard)
    assert not any("nesmysl" in question for question in person.asked)


def test_a_day_says_how_it_is_written_before_and_after_it_was_wrong() -> None:
    answers = {"IBAN_účtu": "CZ6508000000192000145399", "Token_platí_do": ["31. 12. 2027", "2027-12-31"]}
    person = Person(Token="x" * 64, **answers)
    told = asked_block(FioAccount, "Fio", person.console)
    assert told["token_valid_until"] == "2027-12-31"
    assert "  Token platí do (rrrr-mm-dd): " in person.asked
    assert "  ! Token platí do: zadejte datum jako 2027-12-31" in person.heard


def test_what_was_left_out_is_named_by_its_section_and_title_in_czech() -> None:
    person = Person(IČO="12345678", Server="SERVER", Uživatel=["", "platby"], Heslo="heslo")
    asked_block(PohodaUnit, "Jednotka", person.console)
    assert "  ! mServer, Uživatel: je třeba vyplnit" in person.heard


def test_the_fields_of_one_agenda_are_offered_for_the_next_and_a_dash_leaves_them_empty() -> None:
    person = Person(
        IČO="12345678",
        Server="SERVER",
        Uživatel="platby",
        Heslo="heslo",
        Pole_uhrazené_částky=["VPrUhrazeno", ""],
        Pole_počtu_plateb=["VPrPocet", "-"],
    )
    unit = PohodaUnit.model_validate(asked_block(PohodaUnit, "Jednotka", person.console))
    agendas = (unit.issued_invoices, unit.advance_invoices, unit.received_orders)
    assert [agenda.amount_field for agenda in agendas] == ["VPrUhrazeno"] * 3
    assert [agenda.count_field for agenda in agendas] == ["VPrPocet", "", ""]


def test_a_secret_is_never_shown_as_what_is_offered() -> None:
    person = Person(Token=["x" * 63, "x" * 64], IBAN_účtu="CZ6508000000192000145399")
    asked_block(FioAccount, "Fio", person.console)
    assert "x" * 63 not in "".join(person.asked + person.heard)


def test_a_unit_is_asked_for_section_by_section() -> None:
    person = Person(IČO="12345678", Server="SERVER", Uživatel="platby", Heslo="heslo", Přihlašovací="cteni")
    unit = PohodaUnit.model_validate(asked_block(PohodaUnit, "Jednotka", person.console))
    assert (unit.ico, unit.database.server, unit.mserver.user) == ("12345678", "SERVER", "platby")
    assert any("mServer" in line for line in person.heard)


def test_an_account_can_be_added_to_a_unit_that_is_installed_and_no_other_unit_is_taken(tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[2]
    installation = Installation(
        pool="local",
        environment={},
        local_server=True,
        services="none",
        units=["pohoda", "druha"],
        current=here(project),
    )
    person = Person(
        Token="x" * 64,
        IBAN_účtu="CZ8120100000002900123449",
        Název_účtu="fio-dva",
        Název_jednotky=["pohda", "druha"],
    )
    wanted = iter(["ne", "ano"])

    def said(question: str) -> str:
        return next(wanted, "ne") if question.endswith("[a/N]: ") else person.answer(question)

    answers = asked(Console(person.heard.append, said, said), installation)
    assert [name for name, _ in blocks_of(answers, tmp_path)] == ["fio-dva"]
    assert answers.accounts["fio"]["fio-dva"]["unit"] == "druha"
