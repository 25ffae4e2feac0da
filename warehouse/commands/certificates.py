"""``osame verify-certificate`` and ``withdraw-certificate``: whether a paper is ours, and that it is so no longer."""

from __future__ import annotations

from typing import Annotated

import typer

from osame.clock import now
from osame.console import Json, err, out, print_json, told
from osame.home import open_home


def verify_certificate(
    certificate_no: Annotated[str, typer.Argument(metavar="NUMBER", help="証明書番号 on the paper.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="確認符号 on the paper; hyphens may be left out.")],
    as_json: Json = False,
) -> None:
    """Tell whether a certificate is ours, and what it certified: compare that with the paper.

    Exit code 0: genuine; 1: not.

    Example: osame verify-certificate 2026-000001 ABCD-EFGH-IJKL-MNOP
    """
    from warehouse.collection.certificates import verify

    with told():
        found = verify(open_home(), certificate_no.strip(), code)
    shown = found.shown()
    if as_json:
        print_json({"is_genuine": found.is_genuine, "reason": found.reason, "certified": shown})
    elif not found.is_genuine:
        err.print(f"not genuine: {found.reason}", markup=False)
    else:
        out.print(f"genuine    {certificate_no}", markup=False)
        for name, value in shown.items():
            out.print(f"{name:20} {value}", markup=False)
    if not found.is_genuine:
        raise typer.Exit(1)


def withdraw_certificate(
    certificate_no: Annotated[str, typer.Argument(metavar="NUMBER", help="証明書番号 on the paper.")],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who takes it back.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; it is kept with the record.")],
) -> None:
    """Take a certificate back: from now on it is not genuine. Its number is not given again.

    Example: osame withdraw-certificate 2026-000001 --by 1001 --reason 記載誤り
    """
    from warehouse.collection.certificates import WITHDRAW, withdraw
    from warehouse.office.permissions import begin

    with told():
        home = open_home()
        withdraw(home, certificate_no.strip(), begin(home, WITHDRAW, by, now(), reason))
    out.print(f"withdrawn  {certificate_no.strip()}")
