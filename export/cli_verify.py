"""`sixmeg verify`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from files import json_text

if TYPE_CHECKING:
    from export.rerun import Rerun
    from export.verify import Checked

NOT_AS_WRITTEN = 2
BITS_DIFFER = 4


@click.command()
@click.argument("folder", type=click.Path())
@click.option(
    "--key", "key_path", type=click.Path(), help="A public Ed25519 key (PEM) that must have signed it."
)
@click.option("--files-only", is_flag=True, help="Run nothing: hashes and signature alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def verify(ctx: click.Context, folder: str, key_path: str | None, files_only: bool, as_json: bool) -> None:
    """Hold FOLDER, which sixmeg export wrote, against its manifest, and run its golden vectors again.

    Exits with 2 where a file is changed, missing, unlisted or foreign, or the signature that is asked for is
    not there; nothing of such a folder is run. Exits with 4 where a golden vector's bits differ.
    """
    from export import signing
    from export.rerun import rerun
    from export.verify import check

    checked = check(folder, signing.read_public(key_path) if key_path else None)
    run = not checked.findings and not files_only and checked.described is not None
    done = rerun(folder, checked.described or {}) if run else []
    code = NOT_AS_WRITTEN if checked.findings else BITS_DIFFER if any(one.fails for one in done) else 0
    if as_json:
        click.echo(json_text(_json(folder, checked, done, code)), nl=False)
    else:
        click.echo("\n".join(_lines(folder, checked, done, code)))
    ctx.exit(code)


def _json(folder: str, checked: Checked, done: list[Rerun], code: int) -> dict[str, Any]:
    return {
        "folder": folder,
        "ok": code == 0,
        "exit_code": code,
        "files": checked.files,
        "findings": [asdict(finding) for finding in checked.findings],
        "signature": {"public_key": checked.signer, "asked_for": checked.asked} if checked.signer else None,
        "golden": [asdict(one) for one in done],
    }


def _lines(folder: str, checked: Checked, done: list[Rerun], code: int) -> list[str]:
    verdict = {0: "as exported", NOT_AS_WRITTEN: "NOT as exported", BITS_DIFFER: "bits differ"}[code]
    lines = [f"{folder}: {verdict}; {checked.files} files"]
    lines += [f"{f.file}: {f.fault.value}: {f.message}" for f in checked.findings]
    lines += [line for one in done for line in _of_run(one)]
    if checked.signer:
        asked = "the key asked for" if checked.asked else "a key that was not asked for (--key)"
        lines.append(f"signed by {checked.signer}, {asked}")
    elif not checked.findings:
        lines.append("not signed")
    return lines


def _of_run(one: Rerun) -> list[str]:
    if one.why_not is not None:
        return [f"golden vectors by {one.by}: not run: {one.why_not}"]
    wrong = len({d.vector for d in one.differences})
    lines = [
        f"golden vectors by {one.by} ({one.version}): {wrong} of {one.vectors} differ,"
        f" {one.elements_compared:,} elements compared"
    ]
    if not one.promised:
        return [f"{lines[0]}, {one.elements_different:,} differ; no bits were promised"]
    lines += [
        f"  vector {d.vector} ({d.source}), output {d.output}: {d.elements_different} elements differ,"
        f" the first at {d.at}: expected {d.expected}, got {d.got}"
        for d in one.differences
    ]
    return lines
