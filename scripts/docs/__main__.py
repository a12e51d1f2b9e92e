"""Build the site of the documentation into `site/`: nothing is fetched, and nothing said if all is well."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, ConfigurationError

from scripts.docs.pages import ROOT


def build(site: Path) -> int:
    """0, or 1 where there was anything to warn of, which is on standard error then."""
    # Material's switch for its words about mkdocs 2, which the lock file keeps away.
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    said = logging.StreamHandler(sys.stderr)
    said.setLevel(logging.WARNING)
    said.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.getLogger("mkdocs").addHandler(said)
    try:
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site), strict=True)
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build_site(config)
        finally:
            config.plugins.on_shutdown()
    except (Abort, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "site"))
