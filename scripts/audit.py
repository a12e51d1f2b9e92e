"""Ask pip-audit for known vulnerabilities of the lock file.

Silent when every package was looked up and none is known to be vulnerable. A vulnerability fails. So that a
check works without a network, an index that does not answer, or that answers without knowing any of the
packages (as mirrors do), gives one line and success.
"""

from __future__ import annotations

import json
import subprocess
import sys

TIME_LIMIT_S = 60
NOT_REACHED = "pip-audit: not reached, skipped"
# pip-audit exits 1 for a vulnerability and for a network error alike; these names tell the second.
NETWORK_ERRORS = ("ConnectionError", "ServiceError", "requests.exceptions", "urllib3.exceptions", "timed out")


def verdict(stdout: str, stderr: str) -> tuple[bool, str]:
    """Whether the audit passes, and what to print: empty when there is nothing to say."""
    try:
        packages = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError):
        if any(name in stderr for name in NETWORK_ERRORS):
            return True, NOT_REACHED
        return False, f"pip-audit failed:\n{stderr.strip()}"
    vulnerable = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {found['fix_versions']}"
        for package in packages
        for found in package.get("vulns", ())
    ]
    if vulnerable:
        return False, "\n".join(["pip-audit: known vulnerabilities", *vulnerable])
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        return True, NOT_REACHED
    return True, f"pip-audit: not known to the index: {', '.join(unknown)}" if unknown else ""


def main(lock: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", lock, "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        audit = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        print(NOT_REACHED)
        return 0
    passed, said = verdict(audit.stdout, audit.stderr)
    if said:
        print(said)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
