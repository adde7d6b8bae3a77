"""The payment gateway Comgate: asked by the payment keys on documents, and by its lists of payouts."""

from tasks.providers.comgate.shop import Comgate

__all__ = ["Comgate"]
