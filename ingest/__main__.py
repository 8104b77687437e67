from ingest.cli import main
from lakehouse.ending import run

if __name__ == "__main__":
    run("ingest", main)
