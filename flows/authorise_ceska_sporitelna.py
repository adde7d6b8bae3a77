"""
The owner's consent to read an account at Česká spořitelna, given in a browser and kept in the account's block.

    uv run python -m flows.authorise_ceska_sporitelna BLOCK_NAME
"""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Callable, Sequence

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from flows.command_line import add_home, prefect_of
from flows.runs import block_named
from tasks.days import prague_day
from tasks.errors import PohodaPaymentsError
from tasks.providers.ceska_sporitelna import utc_now
from tasks.providers.ceska_sporitelna.browser import answer_from_browser, comes_back_here
from tasks.providers.ceska_sporitelna.calls import Bank
from tasks.providers.ceska_sporitelna.consent import Request, ends_on
from tasks.providers.ceska_sporitelna.reading import account_id
from tasks.providers.ceska_sporitelna.tokens import Tokens

WAIT_SECONDS = 600.0


def authorise(account: CeskaSporitelnaAccount, answered: Callable[[Request], str]) -> CeskaSporitelnaAccount:
    """Get the owner's consent, save it in the block that holds it, and make sure that it covers the account.

    `answered` sends the owner to the bank and gives the address with which the browser came back. Returns the
    block as saved. Raises SettingError, Unavailable.
    """
    tokens = Tokens(account, utc_now)
    request = Request(tokens.holder)
    refresh = request.refresh_token(answered(request))
    tokens.keep(refresh, given_on=prague_day(utc_now()))
    with Bank(tokens) as bank:
        account_id(bank.get, account.iban, account.currency)
    return tokens.holder


def in_browser(request: Request) -> str:
    """Open the bank's page and wait for the browser; where it cannot come back here, ask for the address."""
    if comes_back_here(request):
        print("Otevírám stránku banky v prohlížeči. Nestane-li se nic, otevřete ji ručně:", request.address())
        return answer_from_browser(request, webbrowser.open, WAIT_SECONDS)
    print("Otevřete v prohlížeči tuto adresu a potvrďte přístup k účtu:", request.address())
    return input("Vložte celou adresu, na které prohlížeč skončil: ").strip()


def main(arguments: Sequence[str] | None = None, answered: Callable[[Request], str] = in_browser) -> int:
    """Run the command; 0 when the consent is saved and covers the account."""
    parser = argparse.ArgumentParser(description="Udělení souhlasu se čtením účtu u České spořitelny.")
    parser.add_argument("block", nargs="?", default="ceska-sporitelna", help="název bloku s účtem")
    add_home(parser)
    asked = parser.parse_args(arguments)
    try:
        with prefect_of(asked.home):
            holder = authorise(block_named(CeskaSporitelnaAccount, asked.block), answered)
    except PohodaPaymentsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Souhlas je uložen a platí do {ends_on(holder):%d.%m.%Y}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
