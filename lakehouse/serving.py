"""A DuckDB file that shows gold to BI tools.

The file holds views over the Delta tables and nothing else, so what it shows is what the last build committed, and it
has to be written again only when a model comes or goes. Builds never open it: whoever has it open disturbs none.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from dbt_duckdb_delta.object_store import connect_object_store, load_extension


def write(out: Path, root: str) -> int:
    """Put a new file in the place of the old one, in one step. Returns the number of views.

    Raises subprocess.CalledProcessError if dbt fails, duckdb.Error if a table of gold cannot be read.
    """
    arguments = json.dumps({"dialect": "duckdb", "location": root})
    dbt = [str(Path(sys.executable).parent / "dbt"), "--quiet", "run-operation", "serving_sql", "--args", arguments]
    sql = subprocess.run(dbt, check=True, stdout=subprocess.PIPE, text=True).stdout
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as work:
        new = Path(work) / out.name
        with duckdb.connect(str(new)) as connection:
            load_extension(connection, "delta")
            connect_object_store(connection, root)
            connection.execute(sql)
            (views,) = connection.sql("select count(*) from duckdb_views() where schema_name = 'gold'").fetchall()[0]
        new.chmod(0o444)
        new.replace(out)
    return int(views)
