"""Every diagnostic code, each with a page: title, meaning, example, fix.

Loaded by `flowrun explain` and by the SARIF view; a check that finds nothing never pays for it.
Codes are permanent once released.
"""

from collections.abc import Mapping
from types import MappingProxyType

from flowrun.source.catalog_control import CONTROL_PAGES
from flowrun.source.catalog_files import FILE_PAGES
from flowrun.source.catalog_flow import FLOW_PAGES
from flowrun.source.catalog_page import Page
from flowrun.source.catalog_tools import TOOL_PAGES

__all__ = ["CATALOG", "Page"]

CATALOG: Mapping[str, Page] = MappingProxyType(
    {one.code: one for one in (*FILE_PAGES, *FLOW_PAGES, *CONTROL_PAGES, *TOOL_PAGES)}
)
"""Pages by code, in the order of the stages."""
