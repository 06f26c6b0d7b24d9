"""Whether an exported folder is what its manifest says: every file's bytes, and the signature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from export import manifest, signing
from export.errors import ExportError


class Fault(StrEnum):
    """What can be wrong with a file."""

    MISSING = "missing"
    CHANGED = "changed"
    UNLISTED = "unlisted"
    FOREIGN = "foreign"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that is not as it was written, and why."""

    file: str
    fault: Fault
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A folder's files against its manifest; `described` is None where that cannot be read.

    `signer` is the public key whose signature holds, None where there is none that does; `asked` says
    whether it is the key that was asked for.
    """

    described: Mapping[str, Any] | None
    files: int
    findings: tuple[Finding, ...]
    signer: str | None
    asked: bool


def check(folder: str | Path, key: str | None = None) -> Checked:
    """Every file of the folder, and its signature: by `key` (a public key's digits) where one is asked for.

    Nothing of the folder is run.

    Raises: ExportError where there is no such folder.
    """
    path = Path(folder)
    if not path.is_dir():
        raise ExportError(f"{folder}: no such folder; give one that sixmeg export wrote")
    there = {
        p.relative_to(path).as_posix(): p for p in sorted(path.rglob("*")) if p.is_symlink() or not p.is_dir()
    }
    own = there.get(manifest.NAME)
    if own is None:
        missing = Finding(manifest.NAME, Fault.MISSING, "nothing says what the folder should hold")
        return Checked(None, 0, (missing,), None, False)
    content = own.read_bytes()
    described = _read(content)
    if described is None:
        broken = Finding(manifest.NAME, Fault.CHANGED, "not a manifest of sixmeg export; export again")
        return Checked(None, 0, (broken,), None, False)
    findings = []
    if not manifest.is_sealed(content, described[manifest.SEAL]):
        findings.append(Finding(manifest.NAME, Fault.CHANGED, "its bytes are not those that its sha256 says"))
    findings += _files(there, described["files"])
    findings += _ties(path, described) if not findings else []
    signature, signer = _signature(there, content, described["signed_by"], key)
    return Checked(
        described,
        len(described["files"]),
        (*findings, *signature),
        signer,
        signer is not None and signer == key,
    )


def _read(content: bytes) -> dict[str, Any] | None:
    """The manifest, as far as this module reads it; None where it is another thing."""
    try:
        described = json.loads(content)
        listed = described["files"]
        signed = described["signed_by"]
        plain = all(
            isinstance(entry["sha256"], str) and isinstance(entry["size_bytes"], int)
            for entry in listed.values()
        )
        known = signed is None or isinstance(signed["public_key"], str)
        whole = (
            plain and known and manifest.SEAL in described and isinstance(described["model"]["sha256"], str)
        )
        return described if whole else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _files(there: Mapping[str, Path], listed: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    found = []
    for name in sorted({*listed, *there} - {manifest.NAME, manifest.SIGNATURE}):
        if name not in there:
            found.append(Finding(name, Fault.MISSING, "the manifest lists it"))
        elif name not in listed:
            found.append(Finding(name, Fault.UNLISTED, "the manifest does not list it"))
        elif there[name].is_symlink():
            found.append(Finding(name, Fault.CHANGED, "a link where a file was written"))
        else:
            found += _content(name, there[name].read_bytes(), listed[name])
    return found


def _content(name: str, content: bytes, entry: Mapping[str, Any]) -> list[Finding]:
    if len(content) != entry["size_bytes"]:
        return [Finding(name, Fault.CHANGED, f"{len(content):,} bytes, was {entry['size_bytes']:,}")]
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        return [Finding(name, Fault.CHANGED, f"sha256 {digest[:16]}..., was {entry['sha256'][:16]}...")]
    return []


def _ties(path: Path, described: Mapping[str, Any]) -> list[Finding]:
    """Files that are as listed, and belong to another model than the manifest's."""
    model = described["model"]["sha256"]
    found = []
    listed = described["files"].get("model.tflite")
    if listed is not None and listed["sha256"] != model:
        found.append(Finding("model.tflite", Fault.FOREIGN, f"not the manifest's model, {model[:16]}..."))
    golden = path / "golden.json"
    if golden.is_file():
        try:
            told = json.loads(golden.read_bytes())["model_sha256"]
        except (ValueError, KeyError, TypeError):
            told = None
        if told != model:
            found.append(
                Finding("golden.json", Fault.FOREIGN, f"not of the manifest's model, {model[:16]}...")
            )
    return found


def _signature(
    there: Mapping[str, Path], content: bytes, signed: Mapping[str, Any] | None, key: str | None
) -> tuple[list[Finding], str | None]:
    """What is wrong with the signature, or whose it is."""
    name, file = manifest.SIGNATURE, there.get(manifest.SIGNATURE)
    if file is None and signed:
        return [Finding(name, Fault.MISSING, "the manifest was signed")], None
    if file is None:
        asked = Finding(name, Fault.UNSIGNED, "a key is asked for, and the manifest is not signed")
        return ([asked] if key else []), None
    if signed is None:
        return [Finding(name, Fault.FOREIGN, "the manifest was written without a signature")], None
    told = str(signed["public_key"])
    if key is not None and told != key:
        return [
            Finding(name, Fault.FOREIGN, f"by another key, {told[:16]}..., asked for {key[:16]}...")
        ], None
    if not signing.holds(told, file.read_bytes(), content):
        return [Finding(name, Fault.CHANGED, f"not the signature of this manifest by {told[:16]}...")], None
    return [], told
