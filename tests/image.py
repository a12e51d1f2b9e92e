"""A container image without containers: a Dockerfile's steps run as a script, in a folder in place of `/`.

Enough of the language for ours: `FROM`, `ARG`, `ENV`, `WORKDIR`, `COPY`, `RUN`, `USER`, `ENTRYPOINT`, `CMD`.
Every absolute path of a step is one under its folder, and the base image is a Python. A finished image
is read-only: its commands run without the rights of root, and may write to the image's `/tmp` alone.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

STEP_LIMIT_S = 600
_LINE_END = re.compile(r"\\\n")
_OWN_PATH = re.compile(r"(?<![\w./:$*])/(?=opt\b|src\b|app\b|tmp\b)")  # the folders that our images have
_OF_PIP = ("PIP_", "SSL_", "REQUESTS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "HOME")
_PR_CAPBSET_DROP, _CAPABILITIES = 24, 64


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    rest: str


def parse(dockerfile: str) -> list[Instruction]:
    """The instructions in order, continued lines joined, comments left out."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = _LINE_END.sub(" ", "\n".join(lines))
    words = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [Instruction(name.upper(), re.sub(r"\s+", " ", rest).strip()) for name, rest in words]


def let_through(dockerignore: str, path: str) -> bool:
    """Whether a file gets into the build, by the last pattern that names it or a folder of it."""
    taken = True
    for line in dockerignore.splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not pattern.startswith("#") and _names(pattern, path):
            taken = line.strip().startswith("!")
    return taken


def _names(pattern: str, path: str) -> bool:
    parts = path.split("/")
    heads = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    if pattern.startswith("**/"):
        return any(fnmatch(part, pattern[3:]) for part in parts)
    return any(head.count("/") == pattern.count("/") and fnmatch(head, pattern) for head in heads)


@dataclass(slots=True)
class Image:
    """`root` stands for `/`; `user`, `entrypoint` and `cmd` as the Dockerfile says."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        workdir: str | None = None,
        command: list[str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """The entrypoint, or another `command`, as the image's user: nothing but `/tmp` can be written."""
        words = [*(command or self.entrypoint), *(arguments or self.cmd)]
        variables = self.environment | dict(environment or {})
        program = shutil.which(words[0], path=variables["PATH"])
        assert program is not None, f"{words[0]} is not on the image's PATH {variables['PATH']}"
        return subprocess.run(
            [program, *words[1:]],
            cwd=self.path(workdir or self.workdir),
            env=variables | {"TMPDIR": str(self.root / "tmp")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_LIMIT_S,
            preexec_fn=_without_roots_rights,
            check=False,
        )

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def inside(self, text: str) -> str:
        """The text with the paths that it gives in the image made those under `root`."""
        return _OWN_PATH.sub(f"{self.root}/", text)


def _without_roots_rights() -> None:
    """Root that no permission stops would not notice a read-only file: let it be stopped."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in range(_CAPABILITIES):
        prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails for who is not root: nothing is to be dropped


@contextmanager
def built(dockerfile: str, context: Path, python: str) -> Iterator[Image]:
    """The image of the last stage, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        root, stages = Path(folder) / "root", dict[str, Path]()
        *before, (_, last) = _stages(parse(dockerfile))
        for name, steps in before:
            _steps(steps, _fresh(root, python), context, stages)
            stages[name] = root.rename(Path(folder) / name)  # each stage is made at the same path
        image = _steps(last, _fresh(root, python), context, stages)
        _read_only(root)
        try:
            yield image
        finally:
            _writable(root)


def layered(image: Image, dockerfile: str, context: Path, python: str) -> None:
    """The steps of a Dockerfile whose last FROM is `image`, done to it."""
    *before, (_, last) = _stages(parse(dockerfile))
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        stages = {name: Path(folder) / name for name, _ in before}
        for name, steps in before:
            _steps(steps, _fresh(stages[name], python), context, stages)
        _writable(image.root)
        _steps(last, image, context, stages)
        _read_only(image.root)


def _stages(instructions: list[Instruction]) -> Iterator[tuple[str, list[Instruction]]]:
    starts = [number for number, each in enumerate(instructions) if each.name == "FROM"]
    for start, end in zip(starts, [*starts[1:], len(instructions)], strict=True):
        yield instructions[start].rest.partition(" AS ")[2], instructions[start + 1 : end]


def _fresh(root: Path, python: str) -> Image:
    """What the base image gives: `python` on PATH, with pip, and /tmp."""
    base = root / "usr" / "local"
    subprocess.run([python, "-m", "venv", str(base)], check=True, timeout=STEP_LIMIT_S)
    (root / "tmp").mkdir()
    return Image(root, {"PATH": f"{base / 'bin'}:/usr/bin:/bin"})


def _steps(steps: list[Instruction], image: Image, context: Path, stages: Mapping[str, Path]) -> Image:
    for step in steps:
        if step.name == "RUN":
            _run(image, step.rest)
        elif step.name == "COPY":
            _copy(image, shlex.split(step.rest), context, stages)
        else:
            _set(image, step)
    return image


def _set(image: Image, step: Instruction) -> None:
    if step.name == "ENV":
        for setting in shlex.split(step.rest):
            name, _, value = setting.partition("=")
            image.environment[name] = image.inside(value).replace("$PATH", image.environment["PATH"])
    elif step.name == "WORKDIR":
        image.workdir = step.rest
        image.path(step.rest).mkdir(parents=True, exist_ok=True)
    elif step.name == "USER":
        image.user = step.rest
    elif step.name == "ENTRYPOINT":
        image.entrypoint = json.loads(step.rest)
    elif step.name == "CMD":
        image.cmd = json.loads(step.rest)
    else:
        raise AssertionError(f"{step.name}: tests/image.py does not know this instruction")


def _run(image: Image, command: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", image.inside(command)],
        cwd=image.path(image.workdir),
        env=_for_pip() | image.environment,
        capture_output=True,
        text=True,
        timeout=STEP_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"RUN {command}\n{done.stdout}\n{done.stderr}"


def _for_pip() -> dict[str, str]:
    """Where this machine gets its packages from."""
    return {name: value for name, value in os.environ.items() if name.upper().startswith(_OF_PIP)}


def _copy(image: Image, words: list[str], context: Path, stages: Mapping[str, Path]) -> None:
    options = [word for word in words if word.startswith("--")]
    *sources, target = [word for word in words if not word.startswith("--")]
    stage = next((option.partition("=")[2] for option in options if option.startswith("--from=")), None)
    held_back = context / ".dockerignore"
    ignored = held_back.read_text("utf-8") if not stage and held_back.exists() else ""
    to = image.root / target.lstrip("/") if target.startswith("/") else image.path(image.workdir) / target
    for source in sources:
        found = stages[stage] / source.lstrip("/") if stage else context / source
        if not stage:
            assert let_through(ignored, source.rstrip("/")), f".dockerignore holds {source} back"
        if found.is_dir():
            shutil.copytree(found, to, symlinks=True, dirs_exist_ok=True, ignore=_left_out(context, ignored))
        else:
            to.mkdir(parents=True, exist_ok=True) if target.endswith("/") else None
            shutil.copy2(found, to)


def _left_out(context: Path, dockerignore: str) -> Callable[[str, list[str]], list[str]]:
    def ignore(folder: str, names: list[str]) -> list[str]:
        if not Path(folder).is_relative_to(context):
            return []
        inside = Path(folder).relative_to(context).as_posix()
        return [name for name in names if not let_through(dockerignore, f"{inside}/{name}")]

    return ignore


def _read_only(root: Path) -> None:
    for path in _all(root):
        path.chmod(path.stat().st_mode & ~0o222)
    (root / "tmp").chmod(0o700)


def _writable(root: Path) -> None:
    for path in _all(root):
        path.chmod(path.stat().st_mode | 0o200)


def _all(root: Path) -> Iterator[Path]:
    return (path for path in (root, *root.rglob("*")) if not path.is_symlink())
