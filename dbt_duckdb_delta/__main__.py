"""`python -m dbt_duckdb_delta wrappers` in the folder of a dbt project: write the file of wrappers, or renew it."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

FILE = Path("macros/dbt_duckdb_delta.sql")


def main() -> None:
    if sys.argv[1:] != ["wrappers"]:
        sys.exit("Usage: python -m dbt_duckdb_delta wrappers, in the folder of a dbt project.")
    if not Path("dbt_project.yml").is_file():
        sys.exit(f"There is no dbt_project.yml in {Path.cwd()}: run this in the folder of the dbt project.")
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(files("dbt_duckdb_delta").joinpath("wrappers.sql").read_text(encoding="utf-8"), encoding="utf-8")
    print(f"Wrote {FILE}. Keep it with the project; write it again after an upgrade.")


if __name__ == "__main__":
    main()
