"""A table of a wrong shape never gets through a door."""

from collections.abc import Callable

import pandas as pd
import pytest

from tasks.tables import INCOMING, PAYMENTS, checked, stacked, table


def test_a_table_has_its_columns_and_dtypes_even_when_empty() -> None:
    assert {name: str(dtype) for name, dtype in table(PAYMENTS).dtypes.items()} == dict(PAYMENTS)


def test_what_a_row_lacks_is_missing() -> None:
    payments = table(PAYMENTS, [{"source": "fio:1", "payment_id": "1", "amount": 100}])
    assert payments["variable_symbol"].isna().all()
    assert payments["amount"].tolist() == [100]


def test_a_column_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="surname"):
        table(PAYMENTS, [{"surname": "x"}])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame.astype({"amount": "float64"}),
        lambda frame: frame.drop(columns="kind"),
        lambda frame: frame.assign(surname="x"),
        lambda frame: frame[sorted(frame.columns)],
    ],
    ids=["float money", "missing column", "unknown column", "other order"],
)
def test_a_table_of_another_shape_is_a_fault_of_ours(spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    with pytest.raises(TypeError, match="differs from its columns"):
        checked(PAYMENTS, spoil(table(PAYMENTS, [{"amount": 1}])))


def test_stacking_nothing_gives_an_empty_table() -> None:
    pd.testing.assert_frame_equal(stacked(INCOMING, []), table(INCOMING))


def test_stacking_keeps_all_rows() -> None:
    one = table(PAYMENTS, [{"payment_id": "1", "amount": 1}])
    two = table(PAYMENTS, [{"payment_id": "2", "amount": 2}])
    assert stacked(PAYMENTS, [one, table(PAYMENTS), two])["payment_id"].tolist() == ["1", "2"]
