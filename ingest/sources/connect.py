"""From the configuration to the places that files come from."""

from __future__ import annotations

from pathlib import Path

from ingest.candidates import Feed
from ingest.config import Source
from ingest.errors import ConfigurationError
from ingest.sources.cache import Answers
from ingest.sources.folder import Folder
from ingest.sources.github import GitHub, Server
from ingest.sources.http import Patience
from ingest.sources.web import Web
from ingest.storage.tables import Lake


def feeds_of(
    sources: dict[str, Source], local: Path | None, lake: Lake, patience: Patience, read_only: bool = False
) -> list[Feed]:
    """Each source with its place; ``local`` replaces them by the folders of a local copy.

    A source that is a folder already stays where it is unless the copy has a folder of its name.

    Raises:
        ConfigurationError: a folder is missing, or the environment does not fit.
    """
    feeds = []
    for name, source in sources.items():
        folder = Path(source.path, source.folder) if source.path else None
        if local and (folder is None or (local / name).is_dir()):
            folder = local / name
        if folder is not None:
            if not folder.is_dir():
                raise ConfigurationError(f"there is no folder {folder}, where the files of source {name!r} should be")
            feeds.append(Feed(name, source, Folder(folder, source)))
        elif source.url:
            feeds.append(Feed(name, source, Web(name, source, patience, Answers(lake, name, read_only))))
        else:
            answers = Answers(lake, name, read_only)
            feeds.append(Feed(name, source, GitHub(Server.from_environment(), source, patience, answers)))
    return feeds
