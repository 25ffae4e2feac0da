"""An office installs from a folder of wheels: in an empty environment, from any folder, and again over an older one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from osame.home import PROJECT

_SECONDS = 300
_DUES = "select state, count(*), sum(principal_balance_yen) from fct_dues group by all order by all"


@dataclass(frozen=True)
class Installed:
    """An environment of its own, a folder that is no checkout, and the home below it."""

    environment: Path
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "data"

    def osame(self, *words: str) -> str:
        done = subprocess.run(
            [str(self.environment / "bin" / "osame"), *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OSAME_NOW": "2026-06-02T09:00:00"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> dict[str, int]:
        """What lies in the environment, without the compiled code that Python puts beside its own."""
        paths = (path for path in self.environment.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path): path.stat().st_size for path in paths}


def wheel_of(source: Path, to: Path) -> Path:
    words = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--no-cache-dir"]
    subprocess.run([*words, "--wheel-dir", str(to), str(source)], check=True, timeout=_SECONDS, cwd=to)
    (wheel,) = to.glob("osame-*.whl")
    return wheel


def install(wheel: Path, environment: Path, scratch: Path) -> None:
    """As pip does, but with the locked versions from the cache of ``make setup`` where they are there."""
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    constraints = scratch / "constraints.txt"
    constraints.write_text("\n".join(re.findall(r"^[a-zA-Z0-9_.\[\]-]+==[^\\\n]+", lock, re.MULTILINE)) + "\n")
    words = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(environment / "bin" / "python")]
    words += ["--constraint", str(constraints), str(wheel)]
    if subprocess.run([*words, "--offline"], timeout=_SECONDS, capture_output=True, check=False).returncode != 0:
        subprocess.run(words, check=True, timeout=_SECONDS)


def newer_source(to: Path) -> Path:
    """The same project as the next version."""
    listed = subprocess.run(
        ["git", "-C", str(PROJECT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, to / name)
    project = to / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('version = "0.1.0"', 'version = "0.1.1"'), encoding="utf-8")
    return to


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(PROJECT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("installed")
    made = Installed(root / "environment", root / "somewhere" / "else")
    made.folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made.environment)], check=True, timeout=_SECONDS)
    install(wheel, made.environment, root)
    return made


def test_a_wheel_carries_all_that_a_checkout_has_of_the_project(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("models", "notebooks", "tests/dbt", "warehouse/seeds", "warehouse/macros", "ingestion/macros"):
        for path in (PROJECT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"osame/project/{path.relative_to(PROJECT)}" in names
    for package in ("osame", "ingestion", "warehouse", "reports"):
        for path in (PROJECT / package).rglob("*"):
            name = str(path.relative_to(PROJECT))
            if path.is_file() and "__pycache__" not in path.parts:
                assert {name, f"osame/project/{name}"} & names, name
    assert "osame/project/dbt_project.yml" in names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_demo_runs_from_any_folder_and_an_upgrade_keeps_the_home(installed: Installed, tmp_path: Path) -> None:
    before = installed.files()
    shown = installed.osame("demo", "--population", "500", "--years", "1")
    assert shown.count("(100.00 %)") == 5
    assert (installed.home / "work" / "dbt" / "manifest.json").exists()
    assert installed.files() == before, "something was written into the environment"
    dues = installed.osame("sql", _DUES)

    source, dist = tmp_path / "source", tmp_path / "dist"
    dist.mkdir()
    install(wheel_of(newer_source(source), dist), installed.environment, tmp_path)
    shutil.rmtree(source)
    assert installed.osame("sql", _DUES) == dues, "the new version reads what the old one built"
    installed.osame("build", "--as-of", "2026-05-31")
    assert installed.osame("sql", _DUES) == dues
    assert "0.1.1" in installed.osame("sql", "select code_version from run_info")
