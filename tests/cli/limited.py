"""`python -m tests.cli.limited BYTES ...` is `tidegate ...` where a file may be so long at most."""

from __future__ import annotations

import resource
import sys

from tidegate.cli.main import main

if __name__ == "__main__":
    most = int(sys.argv.pop(1))
    sys.dont_write_bytecode = True  # what is imported only now would be cached in part, for everyone after
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    main()
