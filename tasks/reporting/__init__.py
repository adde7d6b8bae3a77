"""What a run tells the people of the firm, in Czech."""

from tasks.reporting.run import Report, key_of, markdown, summary

__all__ = ["Report", "key_of", "markdown", "summary"]
