#!/usr/bin/env bash
# Installs a browser for the tests of the pages, where none is found: Debian's, else playwright's.
# Takes the Python whose playwright is asked.
set -euo pipefail
python=${1:-python3}

say() { echo "No browser found; $*" >&2; }

found() {
  [ -x "${BLURLIB_CHROMIUM:-}" ] && return
  command -v chromium chromium-browser google-chrome >/dev/null && return
  "$python" - <<'END'
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not Path(playwright.chromium.executable_path).exists())
END
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

# Ubuntu has Chromium only as a snap, which finds no place in a container.
debian_has_it() {
  command -v apt-get >/dev/null || return 1
  as_root apt-get -qq update || true
  # Not through a pipe: grep would close it early, and pipefail would call that a failure.
  case "$(apt-cache policy chromium 2>/dev/null)" in
    "" | *"Candidate: (none)"*) return 1 ;;
  esac
}

if found; then exit; fi
if debian_has_it; then
  say "installing Debian's Chromium."
  DEBIAN_FRONTEND=noninteractive as_root apt-get -qq install -y --no-install-recommends chromium || true
fi
if ! found; then
  say "installing playwright's Chromium."
  if command -v apt-get >/dev/null; then
    as_root "$python" -m playwright install-deps chromium || true
  fi
  "$python" -m playwright install chromium || true
fi
if ! found; then
  say "and none could be installed. Install Chromium, or set BLURLIB_CHROMIUM to a browser's path."
  exit 1
fi
