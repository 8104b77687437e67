import signal

from ingest.cli import main
from lakehouse.ending import run

if __name__ == "__main__":
    # SIGTERM ends a run as Ctrl+C does, so that nothing that was downloaded stays in the temporary folder.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run("ingest", main)
