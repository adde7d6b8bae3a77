"""Where the columns of an advice stand: records ADVMUL and ADVMUZ by csob.md 2.6 and 2.7, codes by 2.8."""

from __future__ import annotations

import re

from tasks.providers.csob.columns import Amount, Code, Column, Day, Piece, Symbol, Text

DEBIT_CREDIT = Code(re.compile("C|D|CR|DR|RC|RD"), "neznámý příznak směru platby")
DIRECTION = Code(re.compile("CRE|DBE"), "neznámý směr platby")
SIGN = Code(re.compile("C|D"), "neznámý příznak zůstatku")
CURRENCY = Code(re.compile("[A-Z]{3}"), "měna není trojice velkých písmen")
RATE = Code(re.compile("[0-9]{1,4}[.,][0-9]{1,7}"), "kurz není číslo")

ADVMUL_WIDTH = 548
ADVMUL_SHORTEST = 226
"""A shorter line has lost columns that are never blank (csob.md 2.14)."""

ADVMUL = (
    Column("message_kind", 19, 2, Text()),
    Column("order_id", 21, 22, Text()),
    Column("weight", 43, 3, Text()),
    Column("own_bank", 46, 4, Text()),
    Column("client_number", 50, 14, Text()),
    Column("client_name", 64, 35, Text()),
    Column("own_account", 99, 34, Text(), required=True),
    Column("client_reference", 133, 16, Text()),
    Column("bank_reference", 149, 16, Text()),
    Column("value_date", 165, 8, Day()),
    Column("booking_date", 173, 8, Day(), required=True),
    Column("other_date", 181, 8, Day()),
    Column("flag", 189, 2, DEBIT_CREDIT, required=True),
    Column("amount", 191, 16, Amount(), required=True),
    Column("currency", 207, 3, CURRENCY, required=True),
    Column("balance", 210, 16, Amount()),
    Column("balance_flag", 226, 1, SIGN),
    Column("bank", 227, 11, Text()),
    Column("account", 238, 34, Text()),
    Column("name", 272, 35, Text()),
    Column("constant_symbol", 307, 4, Symbol()),
    Column("variable_symbol", 311, 10, Symbol()),
    Column("specific_symbol", 321, 10, Symbol()),
    Column("other_variable_symbol", 331, 10, Symbol()),
    Column("other_specific_symbol", 341, 10, Symbol()),
    Column("message_1", 351, 35, Piece()),
    Column("message_2", 386, 35, Piece()),
    Column("message_3", 421, 35, Piece()),
    Column("message_4", 456, 35, Piece()),
    Column("note", 491, 35, Text()),
    Column("available", 526, 16, Text()),
    Column("available_flag", 542, 1, Text()),
    Column("available_time", 543, 6, Text()),
)
"""A booking of an account. Amounts are hundredths of `currency`, symbols are numbers, zero when there is none."""

ADVMUZ_WIDTH = 928
ADVMUZ_SHORTEST = 694

ADVMUZ = (
    Column("direction", 19, 3, DIRECTION, required=True),
    Column("client_number", 22, 14, Text()),
    Column("order_reference", 36, 16, Text(), required=True),
    Column("item_reference", 52, 28, Text(), required=True),
    Column("weight", 80, 3, Text()),
    Column("own_account", 83, 34, Text(), required=True),
    Column("name", 117, 35, Text()),
    Column("address_1", 152, 35, Text()),
    Column("address_2", 187, 35, Text()),
    Column("address_3", 222, 35, Text()),
    Column("account", 257, 35, Text()),
    Column("bank_1", 292, 35, Text()),
    Column("bank_2", 327, 35, Text()),
    Column("bank_3", 362, 35, Text()),
    Column("bank_4", 397, 35, Text()),
    Column("purpose_1", 432, 35, Piece()),
    Column("purpose_2", 467, 35, Piece()),
    Column("purpose_3", 502, 35, Piece()),
    Column("purpose_4", 537, 35, Piece()),
    Column("original_amount", 572, 16, Amount()),
    Column("original_currency", 588, 3, CURRENCY),
    Column("amount", 591, 16, Amount(), required=True),
    Column("currency", 607, 3, CURRENCY, required=True),
    Column("rate", 610, 12, RATE),
    Column("fee", 622, 16, Amount()),
    Column("fee_currency", 638, 3, CURRENCY),
    Column("foreign_fee", 641, 16, Amount()),
    Column("foreign_fee_currency", 657, 3, CURRENCY),
    Column("other_fees", 660, 16, Amount()),
    Column("other_fees_currency", 676, 3, CURRENCY),
    Column("value_date", 679, 8, Day()),
    Column("booking_date", 687, 8, Day(), required=True),
    Column("due_date", 695, 8, Day()),
    Column("advice_1", 703, 35, Piece()),
    Column("advice_2", 738, 35, Piece()),
    Column("advice_3", 773, 35, Piece()),
    Column("advice_4", 808, 35, Piece()),
    Column("advice_5", 843, 35, Piece()),
    Column("charges", 878, 3, Text()),
    Column("bic", 881, 11, Text()),
    Column("title", 892, 3, Text()),
    Column("routing", 895, 34, Text()),
)
"""Details of a foreign payment. `amount` is unsigned and in the account's currency."""
