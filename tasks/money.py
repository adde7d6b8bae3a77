"""Money is an exact integer count of hundredths; this is where other spellings become that and back."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from tasks.errors import BadRecord

LARGEST = 10**15
"""No amount this product meets is larger than ten trillion; a larger one is a damaged record."""


def hundredths(amount: Decimal | int | str) -> int:
    """The amount as an integer of hundredths: `Decimal("49.9")` and `"49,90"` both give 4990.

    Text may use a decimal point or comma, and spaces (also hard ones) between thousands. Binary floats are
    not taken, since they are not exact. Raises BadRecord for anything that is not an amount, has more than
    two decimals that are not zero, or is too large to be real.
    """
    try:
        value = Decimal(_plain(amount)) if isinstance(amount, str) else Decimal(amount)
        exact = value * 100
        if not exact.is_finite() or exact != exact.to_integral_value() or abs(exact) > LARGEST:
            raise InvalidOperation
    except (ArithmeticError, ValueError):
        raise BadRecord(
            "An amount cannot be read as money with two decimals", evidence=repr(str(amount)[:40])
        ) from None
    return int(exact)


def _plain(text: str) -> str:
    plain = text.strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if "_" in plain:
        raise ValueError(text)
    return plain.replace(",", ".") if "," in plain and "." not in plain else plain


def decimal(amount: int) -> Decimal:
    """The amount in whole units with two decimals: 150050 gives `Decimal("1500.50")`."""
    return Decimal(amount).scaleb(-2)


def wire(amount: int) -> str:
    """The amount as machines write it, with a point and always two decimals: 150050 gives "1500.50"."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def czech(amount: int, currency: str = "") -> str:
    """The amount as a Czech accountant writes it: 150050, "CZK" gives "1 500,50 CZK" with hard spaces."""
    whole = f"{abs(amount) // 100:,}".replace(",", "\u00a0")
    sign = "\u2212" if amount < 0 else ""
    return f"{sign}{whole},{abs(amount) % 100:02d}" + (f"\u00a0{currency}" if currency else "")
