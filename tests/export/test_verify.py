"""`sixmeg verify`: what it lets pass, and every planted change that it must refuse."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

import sixmeg
from export import manifest, signing
from export.verify import Fault, check
from files import json_text
from tests.networks import Builder
from tests.tflite_files import file_of

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


def pem_of(key, path: Path, password: bytes | None = None) -> tuple[Path, Path]:
    """The private and the public half of a key as files."""
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    private, public = path.with_suffix(".pem"), path.with_suffix(".public.pem")
    private.write_bytes(key.private_bytes(PEM, PKCS8, locked))
    shown = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(shown)
    return private, public


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        sixmeg.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Keys, a model of two ADDs, its folder for C signed with mine.pem, its folder for TFLM unsigned."""
    home = tmp_path_factory.mktemp("verify")
    made = Builder((1, 3, 5, 2), 1)
    at = made.add(made.add(made.input, made.input), made.input)
    (home / "add.tflite").write_bytes(file_of(made.graph(at)))
    for name, seed in (("mine", b"\1"), ("another", b"\2")):
        pem_of(Ed25519PrivateKey.from_private_bytes(seed * 32), home / name)
    asked = ["export", home / "add.tflite", "--samples", 5, "--name", "net"]
    for more in (
        ["--target", "c", "--sign", home / "mine.pem", "-o", home / "c"],
        ["-o", home / "tflm"],
    ):
        with pytest.raises(SystemExit, match="0"):
            sixmeg.main([str(a) for a in (*asked, *more)])
    return home


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    """The signed folder, to be changed."""
    return Path(shutil.copytree(home / "c", tmp_path / "firmware"))


def faults(folder: Path, key: str | None = None) -> list[tuple[str, Fault]]:
    return [(f.file, f.fault) for f in check(folder, key).findings]


def resealed(folder: Path, change: Callable[[dict], None] = lambda _: None) -> None:
    """The manifest made to fit what lies in the folder, as one who wants to deceive would."""
    described = json.loads((folder / "manifest.json").read_bytes())
    del described[manifest.SEAL]
    for name, entry in described["files"].items():
        content = (folder / name).read_bytes()
        entry.update(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    change(described)
    (folder / "manifest.json").write_bytes(manifest.sealed(described))


def unsign(described: dict) -> None:
    described["signed_by"] = None


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def listed(folder: Path) -> int:
    """Files that a manifest lists: all but itself and its signature."""
    return len({*names(folder)} - {"manifest.json", "manifest.json.sig"})


def test_a_folder_as_exported_passes_by_the_simulator_and_by_its_c(home, capsys) -> None:
    code, out, err = run(capsys, "verify", home / "c", "--key", home / "mine.public.pem")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].endswith(f"as exported; {listed(home / 'c')} files")
    assert [line.split("): ")[1] for line in lines[1:3]] == ["0 of 5 differ, 150 elements compared"] * 2
    assert lines[3].endswith("the key asked for")


def test_json_says_the_same(home, capsys) -> None:
    code, out, _ = run(capsys, "verify", home / "c", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"], answer["exit_code"], answer["files"]) == (0, True, 0, listed(home / "c"))
    assert answer["findings"] == []
    assert answer["signature"]["asked_for"] is False
    assert [(one["by"], one["differences"]) for one in answer["golden"]] == [("simulator", []), ("C", [])]


def test_files_only_runs_nothing(home, capsys) -> None:
    code, out, _ = run(capsys, "verify", home / "tflm", "--files-only")
    assert (code, "golden" in out, out.splitlines()[-1]) == (0, False, "not signed")


@pytest.mark.parametrize("target", ["c", "tflm"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_one_changed_byte_of_any_file_is_refused_by_name(home, tmp_path, share, target) -> None:
    folder = Path(shutil.copytree(home / target, tmp_path / "firmware"))
    for name in names(folder):
        path = folder / name
        content = path.read_bytes()
        changed = bytearray(content)
        changed[int(share * (len(content) - 1))] ^= 1
        path.write_bytes(changed)
        assert name in [file for file, _ in faults(folder)]
        path.write_bytes(content)
    assert faults(folder) == []


@given(place=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_a_manifest_can_change_unseen(home, place, bit) -> None:
    content = bytearray((home / "tflm" / "manifest.json").read_bytes())
    content[place % len(content)] ^= 1 << bit
    try:
        seal = json.loads(content)[manifest.SEAL]
    except (ValueError, KeyError):
        return
    assert not manifest.is_sealed(bytes(content), seal)


def test_a_missing_file_is_refused_by_name(folder) -> None:
    for name in names(folder):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        assert faults(folder) == [(name, Fault.MISSING)]
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", ["notes.txt", "deeper/net.c", ".hidden"])
def test_an_added_file_is_refused_by_name(folder, name) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    assert faults(folder) == [(name, Fault.UNLISTED)]


def test_a_link_to_the_very_bytes_is_refused(folder, tmp_path) -> None:
    shutil.move(folder / "net.c", tmp_path / "net.c")
    (folder / "net.c").symlink_to(tmp_path / "net.c")
    assert faults(folder) == [("net.c", Fault.CHANGED)]


def test_a_truncated_file_is_told_by_its_size(folder, capsys) -> None:
    (folder / "kernels.c").write_bytes(b"")
    code, out, _ = run(capsys, "verify", folder)
    assert (code, out.splitlines()[0].split("; ")[0].split(": ")[1]) == (2, "NOT as exported")
    assert "kernels.c: changed: 0 bytes, was" in out
    assert "golden" not in out


def test_a_model_of_another_folder_is_foreign_though_its_hash_is_listed(folder) -> None:
    (folder / "model.tflite").write_bytes(b"another")
    resealed(folder)
    assert ("model.tflite", Fault.FOREIGN) in faults(folder)


def test_vectors_of_another_model_are_foreign(folder) -> None:
    path = folder / "golden.json"
    path.write_text(path.read_text().replace('"model_sha256": "', '"model_sha256": "0'))
    resealed(folder)
    assert ("golden.json", Fault.FOREIGN) in faults(folder)


def test_a_foreign_key_is_refused(home, capsys) -> None:
    code, out, _ = run(capsys, "verify", home / "c", "--key", home / "another.public.pem")
    assert (code, "manifest.json.sig: foreign: by another key" in out) == (2, True)


def test_a_signature_by_a_foreign_key_is_refused(home, folder) -> None:
    another = signing.Signer.read(home / "another.pem")
    content = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json.sig").write_bytes(another.sign(content))
    assert faults(folder) == [("manifest.json.sig", Fault.CHANGED)]


def test_a_removed_signature_is_refused_with_and_without_a_key(home, folder) -> None:
    (folder / "manifest.json.sig").unlink()
    mine = signing.read_public(home / "mine.public.pem")
    assert faults(folder) == faults(folder, mine) == [("manifest.json.sig", Fault.MISSING)]


def test_a_manifest_made_unsigned_passes_alone_and_not_where_a_key_is_asked_for(home, folder) -> None:
    (folder / "manifest.json.sig").unlink()
    resealed(folder, unsign)
    mine = signing.read_public(home / "mine.public.pem")
    assert faults(folder) == []
    assert faults(folder, mine) == [("manifest.json.sig", Fault.UNSIGNED)]


def test_a_signature_beside_an_unsigned_manifest_is_foreign(folder) -> None:
    resealed(folder, unsign)
    assert faults(folder) == [("manifest.json.sig", Fault.FOREIGN)]


def test_a_changed_and_resealed_folder_breaks_its_signature(folder) -> None:
    (folder / "net.c").write_text("int other;\n")
    resealed(folder)
    assert faults(folder) == [("manifest.json.sig", Fault.CHANGED)]


def test_a_golden_output_that_is_another_is_4_by_every_engine(folder, capsys) -> None:
    (folder / "manifest.json.sig").unlink()
    path = folder / "golden.json"
    vectors = json.loads(path.read_text())
    output = vectors["vectors"][3]["outputs"][0]
    content = bytearray(base64.b64decode(output["base64"]))
    content[7] ^= 1
    output.update(base64=base64.b64encode(content).decode(), sha256=hashlib.sha256(content).hexdigest())
    path.write_text(json_text(vectors))
    resealed(folder, unsign)
    code, out, _ = run(capsys, "verify", folder)
    told = f"bits differ; {listed(folder)} files"
    assert (code, out.splitlines()[0].endswith(told)) == (4, True)
    assert [line for line in out.splitlines() if "1 of 5 differ" in line].__len__() == 2
    assert (
        out.count("vector 3 (a ramp through all 256 bytes), output t2: 1 elements differ, the first at 7:")
        == 2
    )


def test_c_that_computes_otherwise_is_4_by_c_alone(folder, capsys) -> None:
    (folder / "manifest.json.sig").unlink()
    path = folder / "net.c"
    path.write_text(path.read_text().replace(".high = 127", ".high = 5"))
    resealed(folder, unsign)
    code, out, _ = run(capsys, "verify", folder, "--json")
    answer = json.loads(out)
    assert (code, answer["exit_code"], answer["findings"]) == (4, 4, [])
    assert [bool(one["differences"]) for one in answer["golden"]] == [False, True]


def test_a_plan_that_breaks_a_law_is_refused(folder, capsys) -> None:
    (folder / "manifest.json.sig").unlink()

    def collide(described: dict) -> None:
        unsign(described)
        for buffer in described["plan"]["buffers"]:
            buffer["place"] = 0

    resealed(folder, collide)
    code, out, err = run(capsys, "verify", folder)
    assert (code, out, err.count("\n"), "the plan breaks" in err) == (2, "", 1, True)


def test_where_no_compiler_is_c_is_not_run_and_says_so(home, capsys, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    code, out, _ = run(capsys, "verify", home / "c")
    assert (code, "golden vectors by C: not run: no C compiler is found" in out) == (0, True)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"files": {"a": 1}}', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused(folder, content, capsys) -> None:
    (folder / "manifest.json").write_bytes(content)
    code, out, err = run(capsys, "verify", folder)
    assert (code, err, "manifest.json: changed: not a manifest" in out) == (2, "", True)


def test_what_is_no_folder_is_one_line_and_2(tmp_path, capsys) -> None:
    code, out, err = run(capsys, "verify", tmp_path / "absent")
    assert (code, out, err.count("\n"), "no such folder" in err) == (2, "", 1, True)


@pytest.mark.parametrize("target", ["c", "tflm"])
def test_two_signed_exports_are_the_same_bytes(home, tmp_path, capsys, target) -> None:
    folders = []
    for name in ("one", "two"):
        asked = ["--target", target, "--sign", home / "mine.pem", "-o", tmp_path / name]
        assert run(capsys, "export", home / "add.tflite", *asked)[0] == 0
        folders.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert folders[0] == folders[1]


def test_a_key_that_cannot_sign_leaves_no_folder(home, tmp_path, capsys) -> None:
    other, _ = pem_of(generate_private_key(SECP256R1()), tmp_path / "curve")
    locked, _ = pem_of(Ed25519PrivateKey.generate(), tmp_path / "locked", b"secret")
    (tmp_path / "garbage.pem").write_bytes(b"\0")
    public = home / "mine.public.pem"
    for key in (other, locked, tmp_path / "garbage.pem", tmp_path / "absent.pem", public):
        out = tmp_path / "firmware"
        code, _, err = run(capsys, "export", home / "add.tflite", "--sign", key, "-o", out)
        assert (code, err.count("\n"), key.name in err, out.exists()) == (2, 1, True, False)


def test_a_key_that_cannot_verify_is_one_line_and_2(home, tmp_path, capsys) -> None:
    _, other = pem_of(generate_private_key(SECP256R1()), tmp_path / "curve")
    for key in (other, home / "mine.pem", tmp_path / "absent.pem"):
        code, out, err = run(capsys, "verify", home / "c", "--key", key)
        assert (code, out, err.count("\n"), key.name in err) == (2, "", 1, True)
