"""
How customers of the sandbox's firm pay at its banks, and what else happens there: one habit, one function.

Each takes the books and the channel, and leaves documents and money there with the truth written on the money.
"""

from __future__ import annotations

import datetime as dt

from sandbox.books import PAYOUT_ACCOUNTS, Books, account_of
from sandbox.world import Money

STRANGER, SUPPLIER = account_of(903), account_of(904)
ONE_DAY = dt.timedelta(days=1)


def by_symbol(books: Books, channel: str) -> Money:
    return books.pay(channel, [books.invoice()], constant_symbol="0308")


def advance_by_symbol(books: Books, channel: str) -> Money:
    return books.pay(channel, [books.advance()], specific_symbol=str(books.rng.randint(1000, 9999)))


def order_by_symbol(books: Books, channel: str) -> Money:
    return books.pay(channel, [books.order()], message="Platba za objednávku")


def whole_family(books: Books, channel: str) -> Money:
    return books.pay(channel, books.family())


def with_leading_zeros(books: Books, channel: str) -> Money:
    paper = books.invoice()
    return books.pay(channel, [paper], variable_symbol=paper.variable_symbol.zfill(10))


def document_with_leading_zeros(books: Books, channel: str) -> Money:
    plain = f"77{len(books.papers):05d}"
    return books.pay(channel, [books.invoice(variable_symbol=f"000{plain}")], variable_symbol=plain)


def symbol_in_message(books: Books, channel: str) -> Money:
    paper = books.invoice()
    written = books.rng.choice(("/VS/{}", "VS: {}", "Platba VS {} děkujeme", "v.s. {}", "VS{}"))
    message = written.format(paper.variable_symbol)
    return books.pay(channel, [paper], variable_symbol="", message=message)


def number_in_message(books: Books, channel: str) -> Money:
    paper = books.rng.choice((books.order, books.invoice))()
    return books.pay(channel, [paper], variable_symbol="", message=f"Úhrada dokladu {paper.number}")


def letters_in_symbol(books: Books, channel: str) -> Money:
    paper = books.invoice(variable_symbol=f"ABC{len(books.papers)}")
    return books.pay(channel, [paper], variable_symbol="", message=f"faktura {paper.number}")


def instalments(books: Books, channel: str) -> None:
    paper = books.advance(issued_on=books.today - 50 * ONE_DAY, total=books.rng.randint(30, 90) * 300_00)
    paid = books.rng.choice((2, 3))
    for n in range(paid):
        books.pay(channel, [paper], paper.total // 3, paid_on=paper.issued_on + (1 + 14 * n) * ONE_DAY)


def several_at_once(books: Books, channel: str) -> Money:
    papers = [books.invoice(customer=7) for _ in range(books.rng.choice((2, 3)))]
    numbers = ", ".join(paper.number for paper in papers)
    newest = max(paper.issued_on for paper in papers)
    return books.pay(
        channel,
        papers,
        sum(paper.total for paper in papers),
        variable_symbol="",
        message=f"Faktury {numbers}",
        paid_on=newest + 2 * ONE_DAY,
    )


def customers_own_symbol(books: Books, channel: str) -> Money:
    """Three invoices under the customer's number, two of them paid together; the third stays unpaid."""
    number = f"7001{len(books.papers):04d}"
    cheapest = books.total()
    totals = (cheapest, cheapest + 1_000_00, cheapest + 2_500_00)
    issued = books.today - 20 * ONE_DAY
    papers = [
        books.invoice(variable_symbol=number, total=total, issued_on=issued, customer=11) for total in totals
    ]
    paid = [papers[0], papers[2]]
    return books.pay(channel, paid, sum(paper.total for paper in paid))


def twin_invoices(books: Books, channel: str) -> Money:
    """Two invoices that nothing tells apart: nobody can know which one the payment is for."""
    number, issued = f"7002{len(books.papers):04d}", books.today - 15 * ONE_DAY
    papers = [
        books.invoice(variable_symbol=number, total=1_490_00, issued_on=issued, customer=12) for _ in range(2)
    ]
    return books.pay(channel, papers[:1], doubtful=True)


def overpaid(books: Books, channel: str) -> Money:
    paper = books.invoice()
    return books.pay(channel, [paper], paper.total * books.rng.randint(110, 190) // 100)


def slightly_overpaid(books: Books, channel: str) -> Money:
    paper = books.invoice(total=4_987_40)
    return books.pay(channel, [paper], 5_000_00)


def underpaid(books: Books, channel: str) -> Money:
    paper = books.invoice()
    return books.pay(channel, [paper], paper.total - paper.total // books.rng.randint(3, 50))


def paid_twice(books: Books, channel: str) -> None:
    """The same order given twice: two payments that differ in nothing, and both are real."""
    first = books.pay(channel, [paper := books.invoice()])
    books.pay(channel, [paper], paid_on=first.paid_on)


def in_wrong_currency(books: Books, channel: str) -> Money:
    paper = books.invoice(currency="EUR", total=books.rng.randint(50, 900) * 100)
    return books.pay(channel, [paper], paper.total * 25, currency="CZK")


def before_the_document(books: Books, channel: str) -> Money:
    paper = books.invoice()
    return books.pay(channel, [paper], paid_on=paper.issued_on - books.rng.randint(2, 9) * ONE_DAY)


def for_a_cancelled_document(books: Books, channel: str) -> Money:
    make = books.rng.choice((books.order, books.invoice))
    return books.pay(channel, [make(cancelled=True)])


def taken_back_by_the_bank(books: Books, channel: str) -> None:
    """A storno: the payment's own symbol and account, the opposite amount."""
    first = books.pay(channel, [paper := books.invoice(issued_on=books.today - 30 * ONE_DAY)])
    books.pay(
        channel, [paper], -first.amount, paid_on=first.paid_on + ONE_DAY, kind="reversal", takes_back=first.number
    )
    if books.rng.random() < 0.5:
        books.pay(channel, [paper], paid_on=first.paid_on + 3 * ONE_DAY)


def refunded(books: Books, channel: str) -> None:
    """The firm sends everything back, to the account that it came from and under the same symbol."""
    first = books.pay(channel, [paper := books.invoice(issued_on=books.today - 40 * ONE_DAY)])
    books.pay(
        channel,
        [paper],
        -first.amount,
        paid_on=first.paid_on + 9 * ONE_DAY,
        kind="refund",
        takes_back=first.number,
    )


def second_of_two_refunded(books: Books, channel: str) -> None:
    first = books.pay(channel, [paper := books.invoice(issued_on=books.today - 35 * ONE_DAY)])
    second = books.pay(channel, [paper], paid_on=first.paid_on)
    books.pay(
        channel,
        [paper],
        -second.amount,
        paid_on=first.paid_on + 5 * ONE_DAY,
        kind="refund",
        takes_back=second.number,
    )


def bank_fee(books: Books, channel: str) -> Money:
    return books.pay(channel, amount=-books.rng.choice((5_00, 10_00, 49_00)), kind="fee", message="Poplatek")


def interest(books: Books, channel: str) -> Money:
    return books.pay(channel, amount=books.rng.randint(1, 900), kind="interest", message="Připsaný úrok")


def lump_payout(books: Books, channel: str) -> Money:
    """A gateway's payout; its symbol may well be the same as a document's."""
    account = books.rng.choice(PAYOUT_ACCOUNTS)
    symbol = books.rng.choice((f"88{len(books.money):06d}", books.papers[0].variable_symbol))
    return books.pay(
        channel,
        amount=books.rng.randint(500_000, 9_000_000),
        kind="settlement",
        account=account,
        variable_symbol=symbol,
    )


def card_purchase(books: Books, channel: str) -> Money:
    """The firm pays by card; what the bank puts into the symbol means nothing, even when a document has it."""
    symbol = books.rng.choice(("1178", "3558", books.papers[0].variable_symbol))
    return books.pay(
        channel,
        amount=-books.rng.randint(9_900, 250_000),
        variable_symbol=symbol,
        message="Nákup PHM",
        kind="card",
    )


def supplier_paid(books: Books, channel: str) -> Money:
    amount, symbol = -books.rng.randint(50_000, 900_000), f"95{len(books.money):06d}"
    return books.pay(channel, amount=amount, variable_symbol=symbol, account=SUPPLIER, name="Dodavatel s.r.o.")


def with_unknown_symbol(books: Books, channel: str) -> Money:
    symbol = f"93{len(books.money):06d}"
    return books.pay(channel, amount=books.total(), variable_symbol=symbol, account=STRANGER, name="Kdosi")


def without_any_symbol(books: Books, channel: str) -> Money:
    return books.pay(channel, amount=books.total(), message="dary a jiné", account=STRANGER, name="Kdosi")


def with_mistyped_symbol(books: Books, channel: str) -> Money:
    """A wrong digit, two swapped or one missing, and the amount is right: a person sees it, no mark may follow.

    The mistakes are made where they cannot give another document's symbol.
    """
    right = (paper := books.invoice()).variable_symbol
    wrong_digit = f"{right[:5]}{books.rng.randint(1, 9)}{right[6:]}"
    swapped = f"{right[0]}{right[2]}{right[1]}{right[3:]}"
    typed = books.rng.choice((wrong_digit, swapped, right[:-1]))
    return books.pay(channel, [paper], variable_symbol=typed, doubtful=True)


def unpaid(books: Books, channel: str) -> None:
    """Documents for which nothing has come yet."""
    books.invoice()
    books.order()
    books.eshop_order()
    books.advance()
    books.invoice(customer=0, variable_symbol=f"20{len(books.papers):016d}")
