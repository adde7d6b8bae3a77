"""The life of a payment at GP webpay: what the shop, the customer and the night do to it (gp-webpay.md 8)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

ONE_DAY = dt.timedelta(days=1)
CANCELLED_AFTER = 7 * ONE_DAY


@dataclass
class CardPayment:
    """One payment. Amounts are hundredths; times are Prague wall clock, as the gateway writes them."""

    number: str
    asked: int
    created_at: dt.datetime
    state: int = 1
    status: str = "PENDING_AUTHORIZATION"
    sub_status: str = "PGW_PAGE"
    approved: int = 0
    captured: int = 0
    refunded: int = 0
    approved_at: dt.datetime | None = None
    captured_at: dt.datetime | None = None

    def into(self, state: int, status: str, sub_status: str = "") -> CardPayment:
        """Put any triple, also one that contradicts itself."""
        self.state, self.status, self.sub_status = state, status, sub_status
        return self

    def authenticate(self) -> CardPayment:
        """The customer is sent to the issuer's page."""
        return self.into(2, "PENDING_AUTHORIZATION", "3DS_REDIRECT")

    def authorise(self) -> CardPayment:
        """The amount is blocked on the card."""
        self.approved, self.approved_at = self.asked, self.created_at + dt.timedelta(minutes=1)
        return self.into(4, "PENDING_CAPTURE")

    def capture(self, amount: int | None = None) -> CardPayment:
        """Money is taken, all that was asked or less."""
        if not self.approved:
            self.authorise()
        self.captured = self.asked if amount is None else amount
        self.captured_at = self.created_at + dt.timedelta(minutes=2)
        whole = self.captured == self.approved
        return self.into(7, "CAPTURED" if whole else "PARTIAL_PAYMENT", "PENDING_CAPTURE_SETTLEMENT")

    def close_batch(self) -> CardPayment:
        """The night comes: what was captured or refunded is sent to settlement."""
        return self.into({7: 8, 11: 12}.get(self.state, self.state), self.status, "SETTLED")

    def refund(self, amount: int | None = None) -> CardPayment:
        """Money is given back, all that is left or less."""
        self.refunded += self.captured - self.refunded if amount is None else amount
        return self.into(11, "REFUNDED" if self.refunded == self.captured else "PARTIAL_PAYMENT")

    def take_refunds_back(self) -> CardPayment:
        """Refunds entered by mistake are cancelled before the night."""
        self.refunded = 0
        return self.into(8, "CAPTURED", "SETTLED")

    def cancel_capture(self) -> CardPayment:
        """The capture is cancelled before the night; the amount stays blocked."""
        self.captured, self.captured_at = 0, None
        return self.into(4, "PENDING_CAPTURE")

    def reverse(self) -> CardPayment:
        """The block on the card is released."""
        self.captured, self.captured_at = 0, None
        return self.into(5, "REVERSED")

    def decline(self) -> CardPayment:
        """The bank refuses."""
        return self.into(6, "UNPAID", "DECLINED")

    def leave(self) -> CardPayment:
        """The customer cancels on the page."""
        return self.into(20, "UNPAID", "CANCELED")

    def close(self) -> CardPayment:
        """The merchant closes the payment: no more refunds."""
        return self.into(9, self.status)

    def pass_time(self, now: dt.datetime) -> CardPayment:
        """What was not captured within a week is cancelled by the gateway."""
        if self.state == 4 and now - self.created_at > CANCELLED_AFTER:
            self.into(21, "REVERSED")
        return self

    def fields(self) -> list[tuple[str, str]]:
        """The fields of a detail after the message id, in the order of the interface; missing ones left out."""
        given = [
            ("state", str(self.state)),
            ("status", self.status),
            ("subStatus", self.sub_status or None),
            ("paymentMethod", "CRD" if self.approved else "PGW"),
            ("panMasked", "405607******0016" if self.approved else None),
            ("brandName", "VISA" if self.approved else None),
            ("paymentAmount", str(self.asked)),
            ("approveAmount", str(self.approved)),
            ("captureAmount", str(self.captured)),
            ("refundAmount", str(self.refunded)),
            ("approveCode", "A1B2C3" if self.approved else None),
            ("paymentTime", f"{self.created_at:%Y-%m-%d %H:%M:%S}"),
            ("approveTime", f"{self.approved_at:%Y-%m-%d %H:%M:%S}" if self.approved_at else None),
            ("lastCaptureTime", f"{self.captured_at:%Y-%m-%d %H:%M:%S}" if self.captured_at else None),
        ]
        return [(name, value) for name, value in given if value is not None]
