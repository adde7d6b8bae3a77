"""Matching: which payment belongs to which document, why, and what is likely but not certain."""

from tasks.matching.reasons import REASON_TEXTS, STATE_TEXTS, Reason, State
from tasks.matching.suggestions import SUGGESTIONS, suggest
from tasks.matching.verdicts import match

__all__ = ["REASON_TEXTS", "STATE_TEXTS", "SUGGESTIONS", "Reason", "State", "match", "suggest"]
