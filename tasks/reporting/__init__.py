"""What a run tells the people of the firm, in Czech."""

from tasks.reporting.report import Report
from tasks.reporting.run import key_of, markdown, summary

__all__ = ["Report", "key_of", "markdown", "summary"]
