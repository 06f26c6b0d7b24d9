"""Dumps: what is written is read back; what is lost, garbled or misnamed is one line that says where."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.firmware import dump
from firmware_sim import dumps
from firmware_sim.dumps import DumpError, log_lines, read, write
from tests.firmware_sim.network import network, picture

NET = network()
RIGHT = dump(NET, (picture(NET),), {})
PAGE = Path(__file__).resolve().parents[2] / "docs" / "localizing.md"


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(
        ours[i].tobytes() == theirs[i].tobytes() and ours[i].shape == theirs[i].shape for i in ours
    )


def log(tmp_path, lines):
    path = tmp_path / "uart.log"
    path.write_bytes("\r\n".join(lines).encode("latin-1"))
    return path


def lines_of(*indices):
    return [line for i in indices for line in log_lines(NET.tensors[i], RIGHT[i])]


@pytest.mark.parametrize("name", ["dump", "dump.log", "dump.txt"])
def test_what_is_written_is_read_back(tmp_path, name):
    write(tmp_path / name, NET, RIGHT)
    assert same(read(tmp_path / name, NET), RIGHT)


def test_a_dump_takes_an_earlier_ones_place_and_nothing_elses(tmp_path):
    write(tmp_path / "d", NET, RIGHT)
    write(tmp_path / "d", NET, {0: RIGHT[0]})
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["tensor_0.npy"]
    (tmp_path / "d" / "notes").write_text("mine")
    with pytest.raises(DumpError, match="holds something else \\(notes\\)"):
        write(tmp_path / "d", NET, RIGHT)


@pytest.mark.parametrize(
    "name", ["3.bin", "003.bin", "tensor_3.bin", "net_conv_1_Relu6_net_bn.bin", "net_conv_1_Relu6.bin"]
)
def test_a_file_is_named_by_index_or_by_name(tmp_path, name):
    (tmp_path / name).write_bytes(RIGHT[3].tobytes())
    assert same(read(tmp_path, NET), {3: RIGHT[3]})


def test_axes_of_one_may_be_left_out(tmp_path):
    np.save(tmp_path / "3.npy", RIGHT[3][0])
    assert same(read(tmp_path, NET), {3: RIGHT[3]})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no .bin and no .npy in it"),
        ({"3.bin": b"123"}, r"3\.bin: 3 bytes; tensor 3 .* has 700 \(int8 \[1, 14, 10, 5\]\): dump it whole"),
        ({"99.bin": b""}, "tensor 99 of a model with 18"),
        ({"conv.bin": b""}, "no tensor has this name; name the file by the tensor's index"),
        ({"bias.bin": b""}, "4 tensors have this name"),
        ({"3.bin": bytes(700), "tensor_3.bin": bytes(700)}, r"tensor 3 is in 3\.bin too"),
        (
            {"3.npy": np.zeros((1, 5, 14, 10), np.int8)},
            r"int8 \[1, 5, 14, 10\]; tensor 3 .* in this type and order",
        ),
        ({"3.npy": np.zeros((1, 14, 10, 5), np.uint8)}, r"uint8 \[1, 14, 10, 5\]; tensor 3"),
        ({"3.npy": b"no array"}, "damaged"),
    ],
)
def test_a_file_that_is_no_tensor_is_refused(tmp_path, files, said):
    for name, content in files.items():
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            np.save(tmp_path / name, content)
    with pytest.raises(dumps.SixmegError, match=said):
        read(tmp_path, NET)


def test_a_log_may_hold_other_lines_stamps_and_tensors_in_between(tmp_path):
    a, b = lines_of(0), lines_of(3)
    mixed = [line for pair in zip(a, b, strict=False) for line in pair] + a[len(b) :] + b[len(a) :]
    noisy = [x for line in mixed for x in (f"[00:01.02] {line}", "temperature 41 C", "sixmeg boot")]
    assert same(read(log(tmp_path, noisy), NET), {0: RIGHT[0], 3: RIGHT[3]})


def test_the_order_of_lines_does_not_matter(tmp_path):
    assert same(read(log(tmp_path, lines_of(3)[::-1]), NET), {3: RIGHT[3]})


def changed(lines, at, text):
    return [*lines[:at], *([text] if text else []), *lines[at + 1 :]]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["hello"], "no line 'sixmeg tensor ...' in it"),
        (changed(lines_of(3), 5, ""), "tensor 3: the line at offset 000080 is lost or garbled"),
        (lines_of(3)[:-1], "tensor 3: the line at offset 0002a0 is lost or garbled"),
        (
            changed(lines_of(3), 5, lines_of(3)[5][:-1]),
            "tensor 3: the line at offset 000080 is lost or garbled",
        ),
        (changed(lines_of(3), 5, lines_of(3)[5][:-2] + "g0"), "tensor 3: the line at offset 000080 is lost"),
        (
            changed(lines_of(3), 5, lines_of(3)[5][:-2] + "5a"),
            "tensor 3: its bytes have the crc32 .* a line is garbled",
        ),
        (lines_of(3)[1:], "tensor 3 has data, but its line 'sixmeg tensor 3' is lost"),
        (lines_of(3) + lines_of(3), "tensor 3 begins twice; keep the lines of one inference"),
        ([*lines_of(3), "sixmeg 3 000000 00"], "tensor 3 has two lines for offset 000000"),
        (["sixmeg tensor 3 int8 1x5 crc32=00000000"], "int8 1x5 in the log and int8 1x14x10x5 in the model"),
        (["sixmeg tensor 77 int8 1x5 crc32=00000000"], "tensor 77 of a model with 18"),
    ],
)
def test_a_log_that_is_damaged_is_refused_with_the_place(tmp_path, lines, said):
    with pytest.raises(DumpError, match=said) as refused:
        read(log(tmp_path, lines), NET)
    assert "\n" not in str(refused.value) and "uart.log" in str(refused.value)


def test_a_missing_dump_is_named(tmp_path):
    with pytest.raises(DumpError, match="nowhere: No such file"):
        read(tmp_path / "nowhere", NET)


def test_the_c_of_the_page_prints_what_is_read(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    snippet = re.search(r"```c\n(.*?)```", PAGE.read_text(), re.S)[1]
    values = ",".join(map(str, RIGHT[3].reshape(-1)))
    call = f"static const signed char t[] = {{{values}}};\n"
    call += 'int main(void) { sixmeg_dump(3, "int8", "1x14x10x5", t, sizeof t); }'
    source, program = tmp_path / "dump.c", tmp_path / "dump"
    source.write_text(f"{snippet}\n{call}\n")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", str(program)]
    subprocess.run([compiler, *flags, str(source)], check=True)
    printed = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == lines_of(3)
    assert same(read(log(tmp_path, printed.splitlines()), NET), {3: RIGHT[3]})
