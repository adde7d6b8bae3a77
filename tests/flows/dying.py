"""A flow whose process dies in the middle of a run."""

import os

from prefect import flow


@flow(name="dying")
def dying(unit: str = "pohoda") -> None:
    os._exit(9)
