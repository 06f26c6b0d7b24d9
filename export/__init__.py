"""What leaves the house: C, golden vectors, a manifest; a report as JSON and as a page."""

from export.report import report

__all__ = ["report"]
