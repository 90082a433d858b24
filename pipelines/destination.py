"""DuckDB as dlt's destination."""

from typing import Any

import dlt
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration


class Warehouse(dlt.destinations.duckdb):
    """dlt's DuckDB, which is asked some 30 times a load what it can and would resolve its configuration each time."""

    destination_type = "dlt.destinations.duckdb"

    def capabilities(
        self, config: DuckDbClientConfiguration | None = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        """What DuckDB can, worked out once for each naming convention."""
        if config is not None:
            return super().capabilities(config, naming)
        known: dict[Any, DestinationCapabilitiesContext] = self.__dict__.setdefault("known", {})
        if type(naming) not in known:
            known[type(naming)] = super().capabilities(None, naming)
        return known[type(naming)].copy()
