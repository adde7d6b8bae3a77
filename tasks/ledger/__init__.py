"""The ledger: a small database of facts about payments and of what was written to Pohoda."""

from tasks.ledger.journal import Journal
from tasks.ledger.leases import Lease
from tasks.ledger.ledger import Ledger
from tasks.ledger.recording import Recorded

__all__ = ["Journal", "Lease", "Ledger", "Recorded"]
