from lakehouse.cli import main
from lakehouse.ending import run

if __name__ == "__main__":
    run("python -m lakehouse", main)
