"""Look for strings that do not belong in the tree: paths of one machine, package registries, emoji.

Prints one line for each finding, and nothing when there is none. The patterns below are written so that they
do not match themselves.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CI = ".ci/run"  # the one file that knows where CI keeps the vendors' API descriptions

MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:[w]ork|tmp/[w]|[r]oot)/")
REGISTRY = re.compile(r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|deb[.]debian[.]org|crates[.]io")
CI_FOLDER = re.compile(r"[.][.]/[s]hared")
# What a terminal draws as a picture: plain arrows, ticks and box drawing stay allowed.
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\ufe0f\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693"
    "\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a"
    "\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55]"
)
PATTERNS = {"machine path": MACHINE_PATH, "registry": REGISTRY, "folder of CI": CI_FOLDER, "emoji": EMOJI}


def findings(name: str, text: str) -> list[str]:
    """`name:line: what: the match` for each stray string of one file."""
    return [
        f"{name}:{number}: {what}: {match.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in PATTERNS.items()
        if not (name == CI and pattern is CI_FOLDER)
        for match in pattern.finditer(line)
    ]


def files() -> list[str]:
    """Every file that is or would be committed, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def main() -> int:
    try:
        names = files()
    except (OSError, subprocess.CalledProcessError):
        return 0  # an unpacked archive: nothing of it gets committed
    found = [
        line for name in names for line in findings(name, (ROOT / name).read_text("utf-8", errors="replace"))
    ]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
