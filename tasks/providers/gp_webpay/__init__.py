"""The payment gateway GP webpay: asked about payment numbers by signed requests, believed only when signed."""

from tasks.providers.gp_webpay.merchant import GpWebpay

__all__ = ["GpWebpay"]
