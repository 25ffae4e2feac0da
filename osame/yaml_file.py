"""Reads a YAML file that people write: bounded before anything is built from it, every fault with its line.

An alias repeats what an anchor names, and nine of them in nine lines make a billion values. Nobody needs them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1_000_000
_MAX_DEPTH = 20
# The same safe loader in C where PyYAML was built with it: ten times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlProblem(Exception):
    """A file that is no YAML to read; the message says where and what."""


@dataclass(frozen=True)
class Document:
    """What a file says, and where it says it."""

    value: Any
    _node: yaml.Node | None

    def line_of(self, place: tuple[int | str, ...]) -> int | None:
        """The line (from 1) on which a value stands, or the nearest one around it that is there."""
        node: Any = self._node
        line = None
        for part in place:
            node = _within(node, part)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line


def read_yaml(path: Path) -> Document:
    """Read one file.

    Raises:
        YamlProblem: it cannot be read, is larger than ``MAX_BYTES``, no YAML in UTF-8, has anchors, or is too deep.
    """
    if not path.is_file():  # a folder, a pipe that would never end, a link to nowhere
        raise YamlProblem("is no file")
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise YamlProblem(f"cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise YamlProblem(f"is larger than {MAX_BYTES:,} bytes; it should have a few thousand")
    try:
        _refuse_growth(data)
        node = yaml.compose(data, Loader=LOADER)
        return Document(yaml.load(data, Loader=LOADER), node)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlProblem(f"is not YAML in UTF-8: {where}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # an impossible day, or a file saved in CP932, is a ValueError
        raise YamlProblem(f"is not YAML in UTF-8: {' '.join(str(error).split())}") from None


def _refuse_growth(data: bytes) -> None:
    """Refuse what would be larger or deeper in memory than in the file, from its events alone."""
    depth = 0
    for event in yaml.parse(data, Loader=LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlProblem(f"line {line} has an anchor or alias (& or *): write the values out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise YamlProblem(f"line {line} is nested more than {_MAX_DEPTH} deep")


def _within(node: Any, part: int | str) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return node.value[part] if part < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value
    return None
