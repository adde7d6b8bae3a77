"""The three sample advices of csob.md 3, written from their fields, and their checksums given there."""

from __future__ import annotations

import datetime as dt

from sandbox.csob_advices import block, detail, file, money, movement

CZK_ACCOUNT, EUR_ACCOUNT = "2100000103", "2100000904"
JAN = {"bank": "0800", "account": "191900200301", "name": "Jan Novotný"}
HORSE = {"bank": "0300", "account": "250330440", "name": "ŽLUŤOUČKÝ KŮŇ s.r.o."}
SUPPLIER = {"bank": "0100", "account": "5005005006", "name": "Dodavatel Ěščřžýáíé"}


def booked(day: str, reference: str, cents: int, balance_after: int, **fields: str) -> str:
    usual = {"own_account": CZK_ACCOUNT, "booked": day, "bank_reference": reference, "flag": "C "}
    return movement(**{**usual, "amount": money(cents), "balance": money(balance_after), **fields})


def symbols(variable: str, specific: str = "0") -> dict[str, str]:
    variable, specific = variable.zfill(10), specific.zfill(10)
    return {
        "variable": variable,
        "specific": specific,
        "their_variable": variable,
        "their_specific": specific,
    }


DOMESTIC = [
    block(
        "20260112100001",
        [
            booked(
                "20260112",
                "1501",
                1210000,
                11210000,
                kind="11",
                order="CB000EX001",
                value="20260112",
                other_bank_day="20260109",
                constant="0308",
                message_1="Platba faktury č. 2026000123",
                **JAN,
                **symbols("2026000123"),
            ),
            booked(
                "20260112",
                "1502",
                45050,
                11255050,
                order="IBATX00002",
                message_1="Objednávka 4711",
                note="děkujeme",
                **HORSE,
                **symbols("4711"),
            ),
            booked(
                "20260112",
                "1503",
                2500000,
                13755050,
                kind="01",
                order="SBAX000003",
                value="20260112",
                bank="0100",
                account="5005005006",
                name="Dlouhý název protistrany a.s., odšt",
                constant="0308",
                message_1="Zaloha na zakazku dle smlouvy o dil",
                message_2="o 17/2025",
                **symbols("2026000124", "42"),
            ),
        ],
        moment=dt.datetime(2026, 1, 12, 9, 31, 5),  # noqa: DTZ001 - the bank's own clock
        sequence=1,
    )
]

MUSTER = {
    "message_1": "1.500,00 EUR 1,000000",
    "message_2": "DE62990012340000567890",
    "message_3": "/ROC/NOT PROVIDED//INVOICES 2026000",
    "message_4": "Muster Handels GmbH",
    "specific": "4100000101",
    "name": "F2601120000123A",
}
MUSTER_PURPOSE = {"1": "/ROC/NOT PROVIDED//INVOICES 2026000", "2": "201, 2026000202"}


def in_euro(**fields: str) -> dict[str, str]:
    return {"own_account": EUR_ACCOUNT, "currency": "EUR", **fields}


def muster_booking(cents: int = 150000, reference: str = "301", **changes: str) -> str:
    """The booking of the first foreign payment, with some of its fields changed."""
    known = {"order": "4100000101", "client_reference": "F2601120000123A", **in_euro(**MUSTER)}
    return booked("20260112", reference, cents, 650000, **{**known, **changes})


MUSTER_BOOKING = muster_booking()
MUSTER_DETAIL = detail(
    direction="CRE",
    order="F2601120000123A",
    item=" " * 10 + "4100000101",
    own_account=EUR_ACCOUNT,
    name="Muster Handels GmbH",
    address_1="Beispielstrasse 5",
    address_2="10115 Berlin DE",
    account="DE62990012340000567890",
    **{f"purpose_{n}": text for n, text in MUSTER_PURPOSE.items()},
    original=money(150000),
    original_currency="EUR",
    amount=money(150000),
    currency="EUR",
    fee=money(7000),
    fee_currency="CZK",
    foreign_fee_currency="EUR",
    value="20260112",
    booked="20260112",
    **{f"advice_{n}": text for n, text in MUSTER_PURPOSE.items()},
    bic="BANKDEFFXXX",
)
MUSTER_FEE = booked("20260112", "302", -280, 649720, order="302", **in_euro(**{**MUSTER, "flag": "D "}))
ACME_BOOKING = booked(
    "20260112",
    "303",
    91743,
    741463,
    order="4100000102",
    client_reference="F2601120000124A",
    name="F2601120000124A",
    specific="4100000102",
    message_1="1.000,00 USD 0,917430",
    message_2="000123456789",
    message_3="PROFORMA PF-2026-0077",
    message_4="ACME WIDGETS INC",
    **in_euro(),
)
ACME_DETAIL = detail(
    direction="CRE",
    order="F2601120000124A",
    item=" " * 10 + "4100000102",
    own_account=EUR_ACCOUNT,
    name="ACME WIDGETS INC",
    address_1="1 MAIN STREET",
    address_2="SPRINGFIELD US",
    account="000123456789",
    bank_1="FIRST SAMPLE BANK",
    bank_2="NEW YORK",
    purpose_1="PROFORMA PF-2026-0077",
    purpose_2="CUSTOMER REF 998877",
    original=money(100000),
    original_currency="USD",
    amount=money(91743),
    currency="EUR",
    rate="0000.9174300",
    foreign_fee=money(1500),
    foreign_fee_currency="USD",
    value="20260112",
    booked="20260112",
    charges="BEN",
    bic="BANKUS33XXX",
)
FOREIGN_RECORDS = [MUSTER_BOOKING, MUSTER_DETAIL, MUSTER_FEE, ACME_BOOKING, ACME_DETAIL]
FOREIGN = [
    block(
        "20260112100002",
        FOREIGN_RECORDS,
        moment=dt.datetime(2026, 1, 12, 10, 15, 12),  # noqa: DTZ001
        sequence=2,
    )
]


def thirteenth(reference: str, cents: int, balance_after: int, **fields: str) -> str:
    return booked("20260113", reference, cents, balance_after, application="100200", **fields)


MIXED = [
    block(
        "20260113100003",
        [
            thirteenth(
                "1510",
                99900,
                13854950,
                kind="11",
                order="CB000EX010",
                value="20260113",
                message_1="VS:2026000555 přeplatek „vrácení“",
                **{**JAN, "name": '"O\'Hara" & Syn; spol. s r.o.'},
            ),
            thirteenth(
                "1511",
                -825000,
                13029950,
                kind="11",
                order="CB000EX011",
                constant="0308",
                **{**SUPPLIER, **symbols("1234567890"), "flag": "D "},
            ),
            thirteenth(
                "1512",
                -1210000,
                11819950,
                order="CB000EX001",
                constant="0308",
                message_1="Storno",
                **{**JAN, **symbols("2026000123"), "flag": "CR"},
            ),
            thirteenth(
                "1513",
                825000,
                12644950,
                order="CB000EX011",
                constant="0308",
                message_1="Storno",
                **{**SUPPLIER, **symbols("1234567890"), "flag": "DR"},
            ),
            thirteenth(
                "1514",
                0,
                0,
                order="CB000EX014",
                **{
                    **HORSE,
                    **symbols("4711"),
                    "flag": "RC",
                    "amount": money(-10000, decimal=","),
                    "balance": money(12634950, decimal=","),
                },
            ),
            thirteenth(
                "1515",
                500000,
                13134950,
                order="1515",
                account="0" * 16,
                message_1="Vklad hotovosti",
                **{**symbols("777"), "their_variable": "0" * 10},
            ),
        ],
        moment=dt.datetime(2026, 1, 13, 8, 0, 1),  # noqa: DTZ001
        sequence=3,
        application="100200",
    ),
    block(
        "20260113100004",
        [
            detail(
                application="100200",
                direction="DBE",
                order="F2601130000200A",
                item=" " * 10 + "4100000200",
                own_account=EUR_ACCOUNT,
                name="Vzorový dodávateľ s.r.o.",
                address_1="Hlavná 1, 81101 Bratislava SK",
                account="SK3199000000002600100200",
                purpose_1="FA 260010 / VS1122334455",
                original=money(32000),
                original_currency="EUR",
                amount=money(32000),
                currency="EUR",
                value="20260113",
                booked="20260113",
                bic="BANKSKBXXXX",
            )
        ],
        moment=dt.datetime(2026, 1, 13, 8, 5, 12),  # noqa: DTZ001
        sequence=4,
        application="100200",
        message="ADVMUZ",
    ),
]

SAMPLES = {"domestic": DOMESTIC, "foreign": FOREIGN, "mixed": MIXED}

CHECKSUMS = {
    ("domestic", False): (1771, "293128d2dabbef1ff9bd436d8de201d04ee6e7053c35d2f74bba198f1a2204ee"),
    ("domestic", True): (1397, "bd7e64688843c95c8ea0b1eaa0bca6fdf0f8908fe000cebf26f533445eb61ae8"),
    ("foreign", False): (3631, "a86f52fe687787b842288a1a47e4616e2b4cbf1c26f05f5c7b454a19b68394c2"),
    ("foreign", True): (3332, "be90a16a96c2bc47f704dadf9cd3678bc1c847259d583e169690cfd18a0e7c52"),
    ("mixed", False): (4472, "ec1946c594a96c8228058e5c11bd5f6a8579a483f55a4302b5e760ca3d93a56d"),
    ("mixed", True): (3307, "38c2b48fd89040cd2f4f3f77de9d233d6b425323484dcd5e0b65cc35e03be1c4"),
}
"""Length and SHA-256 of each sample, full and trimmed."""


def sample(name: str, *, trimmed: bool = False) -> bytes:
    return file(*SAMPLES[name], trimmed=trimmed)
