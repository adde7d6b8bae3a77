"""The firm's money at ČSOB as the bank advises it: accounts in crowns and in euros, some advices a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

from sandbox.csob_advices import block, detail, file, money, movement, pieces
from sandbox.world import Money, World
from tasks.days import PRAGUE

ACCOUNTS = {"CZK": "2100000103", "EUR": "2100000904"}
PER_ADVICE = 4
OFFERED_DAYS = 10
"""The bank gives files for fifteen days, so that the firm's older advices are made again lately."""


def advices_of(world: World) -> Iterator[tuple[str, bytes, dt.datetime]]:
    """Name, bytes and time of every advice of the firm's money, oldest first."""
    listed = sorted(world.channel("csob"), key=lambda one: (one.paid_on, one.currency, one.number))
    for (day, currency), same in groupby(listed, key=lambda one: (one.paid_on, one.currency)):
        together = list(same)
        for number, start in enumerate(range(0, len(together), PER_ADVICE), start=1):
            made = max(day, world.today - dt.timedelta(days=OFFERED_DAYS))
            moment = dt.datetime.combine(made, dt.time(6 + number % 12, day.day), PRAGUE)
            data = advice(together[start : start + PER_ADVICE], number, moment)
            yield f"AV_{ACCOUNTS[currency]}_{day:%Y%m%d}_{number:04d}.BBF", data, moment


def advice(together: Sequence[Money], number: int, moment: dt.datetime) -> bytes:
    """One advice of money that came on the same day to the same account."""
    first = together[0]
    records = [line for one in together for line in (in_crowns(one) if one.currency == "CZK" else foreign(one))]
    name = f"{first.paid_on:%Y%m%d}{first.number:06d}"
    return file(block(name, records, moment=moment, sequence=number))


def in_crowns(one: Money) -> list[str]:
    """A domestic booking."""
    number, _, bank = one.account.partition("/")
    prefix, _, base = number.rpartition("-")
    account = f"{prefix}{base.zfill(10)}" if prefix else base
    flag = "CR" if one.kind == "reversal" else "C" if one.amount > 0 else "D"
    return [
        movement(
            kind="11" if bank else "",
            order=f"CB{one.number:08d}",
            own_account=ACCOUNTS["CZK"],
            bank_reference=str(1000 + one.number),
            booked=f"{one.paid_on:%Y%m%d}",
            flag=flag,
            amount=money(one.amount),
            balance=money(0),
            bank=bank,
            account=account,
            name=one.name[:35],
            constant=one.constant_symbol.zfill(4),
            variable=one.variable_symbol.zfill(10),
            specific=one.specific_symbol.zfill(10),
            their_variable=one.variable_symbol.zfill(10),
            **pieces(one.message, "message"),
        )
    ]


def foreign(one: Money) -> list[str]:
    """A foreign payment, which is told twice: its booking and its details."""
    item, order = f"41{one.number:08d}", f"F{one.number:014d}A"
    symbol = f"/VS/{one.variable_symbol}" if one.variable_symbol else ""
    purpose = f"/ROC/NOT PROVIDED//{' '.join(text for text in (one.message, symbol) if text)}"
    day = f"{one.paid_on:%Y%m%d}"
    told = movement(
        order=item,
        own_account=ACCOUNTS[one.currency],
        client_reference=order,
        bank_reference=str(1000 + one.number),
        booked=day,
        flag="C" if one.amount > 0 else "D",
        amount=money(one.amount),
        currency=one.currency,
        balance=money(0),
        name=order,
        specific=item,
        message_1=f"{abs(one.amount) // 100},{abs(one.amount) % 100:02d} {one.currency} 1,000000",
        message_2=one.account[:35],
        message_3=purpose[:35],
        message_4=one.name[:35],
    )
    told_again = detail(
        direction="CRE" if one.amount > 0 else "DBE",
        order=order,
        item=" " * 10 + item,
        own_account=ACCOUNTS[one.currency],
        name=one.name[:35] or "NEUVEDENO",
        account=one.account[:35],
        original=money(abs(one.amount)),
        original_currency=one.currency,
        amount=money(abs(one.amount)),
        currency=one.currency,
        value=day,
        booked=day,
        bic="BANKDEFFXXX",
        **pieces(purpose, "purpose"),
    )
    return [told, told_again]
