"""How payments of one accounting unit find their documents: the settings that matching obeys."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from blocks.forms import Amount, Section

RuleKind = Literal[
    "symbols", "reference", "number", "creditor_reference", "symbol_in_message", "number_in_message"
]
SymbolKind = Literal["variable", "specific", "constant"]


class Rule(Section):
    """One way in which a payment names its document."""

    kind: RuleKind = Field(
        title="Co se musí shodovat",
        description="symbols = symboly platby a dokladu; reference = klíč platby (brána, e-shop) se sloupcem "
        "klíče dokladu; number = číslo objednávky z platby s číslem dokladu; creditor_reference = RF reference; "
        "symbol_in_message = variabilní symbol napsaný ve zprávě; number_in_message = číslo nebo klíč dokladu "
        "ve zprávě.",
    )
    symbols: list[SymbolKind] = Field(
        default=["variable"],
        min_length=1,
        title="Symboly",
        description="Jen pro pravidlo symbols: které symboly musí být vyplněné a shodné všechny zároveň.",
    )
    providers: list[str] = Field(
        default=[],
        title="Jen pro zdroje",
        description="Názvy zdrojů plateb, např. fio nebo comgate; prázdné = pravidlo platí pro všechny.",
    )
    active: bool = Field(default=True, title="Používat", description="Zda se pravidlo používá.")

    @property
    def name(self) -> str:
        """What verdicts say decided: the kind, for symbols their columns."""
        if self.kind != "symbols":
            return self.kind
        return "+".join(f"{symbol}_symbol" for symbol in dict.fromkeys(self.symbols))

    def applies_to(self, provider: str) -> bool:
        """Whether payments of this provider are looked up by the rule."""
        return self.active and (not self.providers or provider in self.providers)


def default_rules() -> list[Rule]:
    """The order that suits most firms: keys of gateways and e-shops first, then what payers write."""
    return [
        Rule(kind="reference", providers=["comgate", "byznysweb", "gopay", "gp-webpay"]),
        Rule(kind="number", providers=["gp-webpay", "byznysweb"]),
        Rule(kind="symbols", symbols=["variable", "specific"], active=False),
        Rule(kind="symbols", symbols=["variable"]),
        Rule(kind="symbols", symbols=["specific"], active=False),
        Rule(kind="number", providers=["gopay"]),
        Rule(kind="symbol_in_message"),
        Rule(kind="creditor_reference"),
        Rule(kind="number_in_message"),
    ]


class Matching(Section):
    """Rules, gates and tolerances of one accounting unit."""

    rules: list[Rule] = Field(
        default_factory=default_rules,
        title="Pravidla",
        description="Pravidla v pořadí, v jakém se zkoušejí; rozhodne první, které najde doklad.",
    )
    series_prefixes: list[str] = Field(
        default=[],
        title="Předpony číselných řad",
        description="Předpony, které plátci vynechávají nebo přidávají, např. FV nebo 91; při porovnání se "
        "odmyslí na obou stranách.",
    )
    days_before_document: int = Field(
        default=60,
        ge=0,
        title="Dnů před vystavením",
        description="O kolik dnů smí platba předejít vystavení dokladu; starší platba se nepočítá.",
    )
    ignored_accounts: list[str] = Field(
        default=[],
        title="Nepočítané protiúčty",
        description="Účty, jejichž platby doklady nehradí, např. výplatní účet brány; číslo/banka nebo IBAN.",
    )
    tolerance: Amount = Field(
        default=Decimal(0),
        ge=0,
        decimal_places=2,
        title="Tolerance nedoplatku",
        description="Kolik smí v měně dokladu chybět, aby byl doklad ještě uhrazený.",
    )
    overpayment_margin: Amount = Field(
        default=Decimal(5),
        ge=0,
        le=100,
        decimal_places=2,
        title="Mez přeplatku v %",
        description="O kolik smí platby překročit doklad; při větším přeplatku čeká „uhrazeno“ na člověka.",
    )
    oldest_first: bool = Field(
        default=False,
        title="Nejstarší doklady první",
        description="Má-li symbol víc dokladů a částka nerozhodne, hradit od nejstaršího; platba se může dělit.",
    )
    refunds_to_payers: bool = Field(
        default=True,
        title="Vratky na účet plátce",
        description="Odchozí platbu s klíčem dokladu na účet, ze kterého byl zaplacen, počítat jako vratku.",
    )
    suggest_typing_errors: bool = Field(
        default=True,
        title="Navrhovat překlepy",
        description="Navrhovat doklady, od jejichž symbolu se platba liší jednou chybou a částka souhlasí.",
    )
    learn_accounts: bool = Field(
        default=True,
        title="Učit se účty zákazníků",
        description="Navrhovat doklady zákazníka, kterému z téhož účtu už jistě přišla platba.",
    )

    @field_validator("series_prefixes")
    @classmethod
    def _plain_prefixes(cls, prefixes: list[str]) -> list[str]:
        plain = [re.sub(r"[^0-9A-Z]", "", prefix.upper()) for prefix in prefixes]
        if not all(plain):
            raise ValueError("předpona musí obsahovat písmeno nebo číslici; prázdné položky smažte")
        return plain

    @property
    def tolerated(self) -> int:
        """The tolerance in hundredths."""
        return int(self.tolerance * 100)
