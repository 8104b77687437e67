"""How a command line ends: whatever happens, with one line that names the cause, and never with a secret in it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from click.utils import PacifyFlushWrapper

from ingest.errors import printable

UNEXPECTED = 70  # the exit code, EX_SOFTWARE of sysexits.h
CLOSED_PIPE = 141  # as a shell reports a program that SIGPIPE ended
_SECRET = re.compile("TOKEN|SECRET|PASSWORD|PASSWD|_KEY|_SAS|NOTIFY_URL|CONNECTION_STRING")
_HERE = Path(__file__).parents[1]


def run(program: str, main: Callable[[], object]) -> None:
    """Call ``main``, which ends with SystemExit where all is as expected.

    ``--debug`` right after the program's name shows the traceback of what is not.
    """
    debug = sys.argv[1:2] == ["--debug"]
    if debug:
        del sys.argv[1]
    try:
        try:
            main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough
        _drop_output()
        sys.exit(CLOSED_PIPE)
    except SystemExit:
        if isinstance(sys.stdout, PacifyFlushWrapper):  # by which click ends, with code 1, where a pipe is closed
            sys.exit(CLOSED_PIPE)
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if debug:
            traceback.print_exc()
        print(f"{program}: {described(error)}", file=sys.stderr)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _drop_output()
        sys.exit(2 if isinstance(error, (OSError, UnicodeError)) else UNEXPECTED)


def _drop_output() -> None:
    """What is still to be written would fail once more when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def described(error: BaseException) -> str:
    """What went wrong, in one line: what the system refused and where, or that this should not happen."""
    if isinstance(error, OSError) and error.errno:
        return without_secrets(f"{_where(error)}: {error.strerror or error}")
    what = " ".join(str(error).split())[:300]
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_HERE)
    ]
    own = [frame for frame in frames if ".venv" not in Path(frame.filename).relative_to(_HERE).parts]
    place = f" ({Path(own[-1].filename).relative_to(_HERE)}, line {own[-1].lineno})" if own else ""
    return without_secrets(
        f"unexpected: {type(error).__name__}: {what}{place}; please report this with what"
        " `--debug` right after the program's name shows"
    )


def _where(error: OSError) -> str:
    """The place that an error of the system is about; one without a name is of a file that is open."""
    if error.filename is not None:
        return os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    if error.errno == errno.ENOSPC:
        folder = tempfile.gettempdir()
        if shutil.disk_usage(folder).free < 1 << 20:
            return f"the temporary folder {folder} (TMPDIR names another)"
        return "what is being written"
    return "the system"


def without_secrets(text: str) -> str:
    """One line that shows signs of control as escape sequences, and no secret of the environment."""
    for name, value in os.environ.items():
        if _SECRET.search(name.upper()) and len(value) >= 4:
            text = text.replace(value, "***")
    text = re.sub(r"//[^/\s@]*@", "//***@", text)
    return printable(text)
