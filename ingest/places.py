"""From the configuration to the places that files come from."""

from __future__ import annotations

from pathlib import Path

from ingest.config import Source
from ingest.errors import ConfigurationError
from ingest.folder import Folder
from ingest.github import GitHub, Server
from ingest.run import Feed


def feeds_of(sources: dict[str, Source], local: Path | None, max_wait: float) -> list[Feed]:
    """Each source with its place; ``local`` replaces them all by the folders of a local copy.

    Raises:
        ConfigurationError: a folder is missing, or the environment does not fit.
    """
    feeds = []
    for name, source in sources.items():
        folder = local / name if local else Path(source.path) if source.path else None
        if folder is not None:
            if not folder.is_dir():
                raise ConfigurationError(f"there is no folder {folder}, where the files of source {name!r} should be")
            feeds.append(Feed(name, source, Folder(folder, source)))
        else:
            feeds.append(Feed(name, source, GitHub(Server.from_environment(), source, max_wait)))
    return feeds
