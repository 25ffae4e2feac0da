"""dbt-duckdb plugin: gives dbt's connection the landing store (read-only, with its key) and a scratch database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from osame.home import Home
from osame.stores import attach_for_build


class Plugin(BasePlugin):  # type: ignore[misc]
    """Named in profiles.yml; dbt calls it once when it opens the database."""

    def configure_connection(self, conn: Any) -> None:
        attach_for_build(conn, Home(Path(os.environ["OSAME_HOME"])), Path(os.environ["OSAME_BUILD_FILE"]))
