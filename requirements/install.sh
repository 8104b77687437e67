#!/usr/bin/env bash
# Install what a command needs into .venv, and make the project's own packages known to it:
# `bash requirements/install.sh run development`, in the checkout's folder.
#
# Each argument is a file <name>.lock beside this script. .venv/<name>.lock is a copy of what was installed last: where
# the two are the same there is nothing to do, and otherwise pip changes what differs. After an interruption the next
# call goes on. PYTHON is the interpreter of a new .venv (python3 by default).
set -euo pipefail
python=.venv/bin/python

stop() {
  printf '%s\n' "$1" >&2
  exit 2
}

make_venv() {
  local interpreter=${PYTHON:-python3}
  case $PWD in *:*) stop "This folder's path holds a ':', with which no virtual environment can be made: move the checkout." ;; esac
  if [ -e .venv ] && [ ! -e .venv/pyvenv.cfg ] && [ -n "$(ls -A .venv)" ]; then
    stop "'.venv' is there and is no virtual environment: it is left alone; move it out of the way."
  fi
  "$interpreter" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' ||
    stop "Python 3.11, 3.12 or 3.13 is needed, but '$interpreter' is not: run make PYTHON=/path/to/python3.11 setup"
  echo "Making .venv ..."
  "$interpreter" -m venv .venv ||
    stop "'$interpreter -m venv' failed: install the venv module of this Python (on Debian: python3-venv)"
  touch .venv/made
}

# Print what pip is at, on a terminal in one line that is written over.
progress() {
  local line number=0 end=$'\n' start=''
  if [ -t 1 ]; then end='' start=$'\r\033[K'; fi
  while IFS= read -r line; do
    case $line in
      Collecting*) number=$((number + 1)) && line="  fetching $number of $1: ${line#Collecting }" ;;
      Installing*) line="  installing (this takes a while) ..." ;;
      *) continue ;;
    esac
    printf '%s%s%s' "$start" "${line%% (from*}" "$end"
  done
  printf '%s' "$start"
}

[ -e .venv/made ] || make_venv
"$python" -c '' || stop "The Python of .venv no longer runs: remove the folder .venv, and run the command again."
for name in "$@"; do
  lock=requirements/$name.lock
  ! cmp -s "$lock" ".venv/$name.lock" || continue
  for info in .venv/lib/python3*/site-packages/*.dist-info; do
    # pip writes this file last: a package without it is not whole
    [ ! -d "$info" ] || [ -e "$info/INSTALLER" ] || rm -r "$info"
  done
  echo "Installing the pinned packages for '$name' into .venv ..."
  # Python compiles a module when it first imports it, which is a small part of what is installed
  "$python" -m pip install --disable-pip-version-check --progress-bar off --no-compile --no-deps --require-hashes -r "$lock" |
    progress "$(grep -c == "$lock")" ||
    stop "The packages could not be installed: see above; the next call goes on from here."
  # unless it may not keep what it has compiled: each command would compile again
  [ -z "${PYTHONDONTWRITEBYTECODE-}" ] || "$python" -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
  cp "$lock" ".venv/$name.lock"
done
# The project's own packages, from where they lie, so that an edit counts at once. The path is relative to the file that
# holds it: a checkout may be moved.
for site in .venv/lib/python3*/site-packages; do
  [ ! -d "$site" ] || echo ../../../.. > "$site/netflix_lakehouse.pth"
done
