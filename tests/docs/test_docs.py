"""The pages say what is there: twins agree, links resolve, commands exist, no machine of ours is named."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingestion import layout_docs
from ingestion.layout_catalog import load_layouts
from osame.cli import ALIASES, COMMANDS, load
from reports.commands.issue import Papers, papers

PROJECT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.ja.md")
MOST_LINES = 200
TOP_LEVEL = ("ingestion", "warehouse", "models", "reports", "notebooks", "tests", "docs")
CHANGE_TYPES = {"制度改正対応", "計算の訂正", "機能追加", "技術的変更", "軽微", "知っておいていただきたいこと"}
ADR_PARTS = ["Context", "Decision", "Consequence", "Measured"]

Command = Any  # of click, which newer versions of typer bring as their own

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_NAMED = re.compile(r"\bosame((?: [a-z]+(?:-[a-z]+)*)+)")
_PROMPT = re.compile(r"^\$ .*$", re.MULTILINE)


def read(name: str | Path) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


@cache
def project_files() -> list[Path]:
    """Files that are in git or will be: what a clone would show."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no list of files")
    names = {name for name in done.stdout.decode("utf-8").split("\0") if name}
    return [path for path in (PROJECT / name for name in sorted(names)) if path.is_file()]


def pages() -> list[Path]:
    return [path.relative_to(PROJECT) for path in project_files() if path.suffix == ".md"]


@cache
def commands() -> dict[str, Command]:
    """Every command of the CLI by its words, and every group of commands."""

    def walk(command: Command, words: tuple[str, ...]) -> Iterator[tuple[str, Command]]:
        if words:
            yield " ".join(words), command
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*words, name))
        if isinstance(command, Papers):
            for name in papers():
                yield from walk(command.load(name), (*words, name))

    return {words: found for name in COMMANDS for words, found in walk(load(name), (name,))}


def is_group(command: Command) -> bool:
    return hasattr(command, "commands")


def leaves() -> list[str]:
    return [words for words, command in commands().items() if not is_group(command)]


def without_code(text: str) -> str:
    return _FENCE.sub("", text)


def headings(text: str) -> list[int]:
    """The level of each heading, in order."""
    return [len(line) - len(line.lstrip("#")) for line in without_code(text).splitlines() if line.startswith("#")]


def code_in(text: str) -> str:
    """Blocks and spans of code: where a command is named as a command."""
    blocks = [body for _, body in _FENCE.findall(text)]
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", without_code(text))])


# --- the README and its twin --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READMES)
def test_a_readme_is_short_enough_to_be_read(name: str) -> None:
    assert len(read(name).splitlines()) <= MOST_LINES


def test_the_twins_have_the_same_headings() -> None:
    first, second = (headings(read(name)) for name in READMES)
    assert first == second


def test_the_twins_have_the_same_commands_with_the_same_output() -> None:
    first, second = (
        [(language, body) for language, body in _FENCE.findall(read(name)) if language in ("console", "sh")]
        for name in READMES
    )
    assert first == second
    assert any(_PROMPT.search(body) for _, body in first)


def test_the_twins_name_the_same_examples_and_files() -> None:
    def spans(name: str) -> set[str]:
        text = without_code(read(name))
        return set(re.findall(r"`([^`\n]+)`", text)) | {link for link in _LINK.findall(text) if link not in READMES}

    first, second = map(spans, READMES)
    assert first ^ second == set()


@pytest.mark.parametrize("name", READMES)
def test_a_readme_has_a_line_for_every_folder_and_command(name: str) -> None:
    text = read(name)
    assert [folder for folder in TOP_LEVEL if f"| [{folder}/]({folder}/) |" not in text] == []
    elsewhere = read("docs/functions.md")
    assert [w for w in leaves() if f"| `osame {w}` |" not in text and f"| `osame {w}` |" not in elsewhere] == []


# --- links and commands of every page -----------------------------------------------------------------------------


def test_links_to_files_resolve() -> None:
    broken = []
    for page in pages():
        for link in _LINK.findall(without_code(read(page))):
            target = link.partition("#")[0]
            if target and "://" not in target and not ((PROJECT / page).parent / target).exists():
                broken.append(f"{page}: {link}")
    assert broken == []


def test_every_command_that_a_page_names_exists() -> None:
    known = commands()
    unknown = []
    for page in pages():
        for words in _NAMED.findall(code_in(read(page))):
            named = words.split()
            named[0] = ALIASES.get(named[0], named[0])
            if named[0] not in known:
                unknown.append(f"{page}: osame {' '.join(named)}")
            elif is_group(known[named[0]]) and len(named) > 1 and " ".join(named[:2]) not in known:
                unknown.append(f"{page}: osame {' '.join(named[:2])}")
    assert unknown == []


def test_every_option_of_an_example_exists() -> None:
    unknown = []
    for page in pages():
        for line in code_in(read(page)).splitlines():
            found = re.search(r"\bosame ((?:calc|export|issue|scenario) [a-z-]+|[a-z-]+)(.*)", line)
            if found is None or found[1] not in commands() or found[1] == "dbt":
                continue
            options = {
                option
                for parameter in commands()[found[1]].params
                for option in (*parameter.opts, *parameter.secondary_opts)
            }
            rest = re.split(r"\s(?:\|\||&&|#)\s", re.sub(r"\"[^\"]*\"", "", found[2]))[0]
            used = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) - {"--help"}
            unknown += [f"{page}: {line.strip()}: {option}" for option in sorted(used - options)]
    assert unknown == []


def test_every_command_has_help_and_an_example() -> None:
    assert [words for words, command in commands().items() if not command.help] == []
    silent = []
    for words in leaves():
        command = commands()[words]
        if f"Example: osame {words}" not in f"{command.help} {command.epilog}":
            silent.append(words)
    assert silent == []


# --- other pages --------------------------------------------------------------------------------------------------


def test_the_table_of_layouts_is_that_of_the_layouts() -> None:
    assert layout_docs.main(["--check"]) == 0, "run: python -m ingestion.layout_docs"


def test_a_page_that_lags_behind_the_layouts_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "formats.md"
    page.write_text(f"before\n{layout_docs.BEGIN}\nold\n{layout_docs.END}\nafter\n", encoding="utf-8")
    assert layout_docs.main(["--check"], page) == 1
    assert "python -m ingestion.layout_docs" in capsys.readouterr().err
    assert layout_docs.main([], page) == 0
    assert layout_docs.main(["--check"], page) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert [name for name in load_layouts() if f"[{name}]" not in text] == []


@pytest.mark.parametrize("page", ["no markers", f"{layout_docs.END} {layout_docs.BEGIN}", layout_docs.BEGIN * 2])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(layout_docs.MarkerError, match="once each"):
        layout_docs.replaced(page, "tables")


def test_decisions_have_one_shape_and_fit_a_page() -> None:
    names = [page for page in pages() if page.parent.name == "decisions"]
    numbers = [page.name[:4] for page in names]
    assert len(numbers) == len(set(numbers)) > 0
    for page in names:
        text = read(page)
        assert text.startswith(f"# {page.name[:4]}"), page
        assert len(text.splitlines()) <= 60, page
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert [part for part in ADR_PARTS if not any(found.startswith(part) for found in parts)] == [], page


def test_the_changelog_uses_the_types_that_the_office_knows() -> None:
    text = read("CHANGELOG.md")
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= CHANGE_TYPES
    version = re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)
    assert version is not None
    assert f"\n## {version[1]}（" in text


def places() -> re.Pattern[str]:
    """Hosts of package registries, settings that name one, and folders of the machines we work on.

    Put together here, so that this file does not contain what it looks for.
    """
    dot = re.escape(".")
    hosts = [
        dot.join(parts)
        for parts in (
            ("pypi", "org"),
            ("python" + "hosted", "org"),
            ("registry", "npmjs"),
            ("proxy", "golang", "org"),
            ("conda", "anaconda", "org"),
        )
    ]
    hosts += [
        "arti" + "factory",
        r"\bnex" + r"us[.:/-]",
        "dev" + "pi",
        "code" + "artifact",
        "/simp" + r"le/?(?=[\s\"']|$)",
    ]
    settings = [rf"(?:extra[-_])?index[-_]{'url'}\s*[=:]", rf"find[-_]{'links'}\s*[=:]", rf"trusted[-_]{'host'}\s*[=:]"]
    folders = [
        rf"(?<![\w.}}$\"'])/{name}/" for name in ("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "m" + "nt")
    ]
    return re.compile("|".join([*hosts, *settings, *folders]), re.IGNORECASE)


def test_no_registry_and_no_folder_of_a_machine_is_named() -> None:
    pattern = places()
    found = []
    for path in project_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(PROJECT)}:{number}: {match.group()}"
            for number, line in enumerate(lines, start=1)
            for match in pattern.finditer(line)
        ]
    assert found == []


def test_the_pattern_of_places_finds_some() -> None:
    for sample in (
        "https://files.python" + "hosted.org/x.whl",
        "PIP_" + "INDEX_" + "URL=https://x",
        "see /wo" + "rk/main",
        "/ro" + "ot/.cache",
        "https://example.test/simp" + "le/",
    ):
        assert places().search(sample), sample
    others = ("reports/" + "work/x", "--no-emit-" + "index-" + "url --quiet", "$OSAME_HOME/" + "work/", "a simple case")
    for sample in others:
        assert not places().search(sample), sample
