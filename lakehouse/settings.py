"""The root of the lake, read from the environment here and nowhere else: `python -m lakehouse.settings root`."""

from __future__ import annotations

import os
import sys

import click

from plugins.location import resolve

ROOT_VARIABLE, DEFAULT_ROOT = "LAKEHOUSE_ROOT", "lake"  # profiles.yml gives the plugin the same two


def root() -> str:
    """Where the lake's tables lie: an absolute path or an object store's URL, without a slash at the end.

    Raises:
        ValueError: LAKEHOUSE_ROOT is no such place; one line that says why and what to do.
    """
    return resolve(os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT)


def root_or_exit() -> str:
    """root() for a command line: what is wrong with it goes to standard error, and the exit code is 2."""
    try:
        return root()
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


@click.group()
def main() -> None:
    """Print a setting as every command of the project understands it."""


@main.command("root")
def print_root() -> None:
    """The root of the lake: an absolute path or an object store's URL."""
    print(root_or_exit())


if __name__ == "__main__":
    main()
