"""What people are told of, once each: what stands open, what of it is new, and how it is said. All pure."""

from tasks.notices.due import due
from tasks.notices.matter import Matter
from tasks.notices.matters import of_check, of_source, of_unit
from tasks.notices.wording import Notice, worded

__all__ = ["Matter", "Notice", "due", "of_check", "of_source", "of_unit", "worded"]
