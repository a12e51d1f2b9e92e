from __future__ import annotations

import subprocess
import sys

import pytest

# Two dozen threads that hold a megabyte each; glibc's heaps of threads begin at multiples of 64 MB.
COUNT = """
import sys, threading
from tidegate.utils.heaps import keep_heaps_few
if sys.argv[1] == "few":
    keep_heaps_few()
done = threading.Barrier(25)
held = []
def hold():
    held.append([bytes(1000) for _ in range(1000)])
    done.wait()
for _ in range(24):
    threading.Thread(target=hold).start()
done.wait()
with open("/proc/self/maps") as maps:
    print(sum(line.split("-")[0].endswith("000000") and int(line.split("-")[0], 16) % (64 << 20) == 0
              and "rw-p" in line for line in maps))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="heaps of threads are glibc's")
def test_threads_share_few_heaps() -> None:
    def heaps(how: str) -> int:
        asked = [sys.executable, "-c", COUNT, how]
        return int(subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout)

    few, many = heaps("few"), heaps("many")
    assert few < many
    assert few <= 3
