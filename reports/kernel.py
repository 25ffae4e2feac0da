"""The Jupyter kernel that runs a report: this very interpreter, whatever kernels the machine has registered."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

from osame.home import CODE


def kernel_manager_class(work: Path, sockets: Path, environment: dict[str, str]) -> type[AsyncKernelManager]:
    """A kernel manager whose kernel is ``sys.executable``.

    A registered kernelspec named python3 may be another interpreter, or missing; a user's IPython start-up files may
    change anything. Neither is looked at: the profile is an empty folder below ``work``.

    Args:
        work: an existing folder that is thrown away after the run.
        sockets: an existing private folder with a short path (a socket's path has at most 107 bytes).
        environment: variables for the kernel beside the inherited ones.
    """
    search = os.pathsep.join(part for part in (str(CODE), os.environ.get("PYTHONPATH", "")) if part)
    spec = KernelSpec(
        argv=[
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--HistoryManager.enabled=False",
        ],
        display_name="Osame",
        language="python",
        env={"IPYTHONDIR": str(work / "ipython"), "PYTHONPATH": search, **environment},
    )

    class ReportKernelManager(AsyncKernelManager):
        @default("transport")
        def _local_sockets(self) -> str:
            # Files in a private folder instead of TCP ports, which anyone on the machine can reach.
            return "ipc"

        @default("connection_file")
        def _private_file(self) -> str:
            return str(sockets / "kernel.json")

        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

    return ReportKernelManager
