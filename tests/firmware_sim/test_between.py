"""`sixmeg compare --between`: any two sides, simulated ones without an oracle."""

import json

import pytest
from click.testing import CliRunner

import sixmeg

MODEL = "mlperf_ad01_autoencoder_int8.tflite"


def compared(shared, *arguments):
    done = CliRunner().invoke(sixmeg.cli, ["compare", str(shared / "models" / MODEL), *map(str, arguments)])
    return done.exit_code, done.stdout


def test_two_simulations_part_where_their_numerics_do(shared):
    code, said = compared(shared, "--between", "tflm", "tflite-ref", "--samples", 6, "--json")
    answer = json.loads(said)
    assert code == 4
    assert [b["side"] for b in answer["between"]] == ["tflm", "tflite-ref"]
    assert (answer["numerics"], answer["oracle"]) == ("tflm", "tflite-ref")
    assert answer["oracle_version"].startswith("sixmeg ")
    assert answer["first_difference"]["kind"] == "FULLY_CONNECTED"


def test_a_simulation_equals_itself(shared):
    code, said = compared(shared, "--between", "tflm", "tflm", "--samples", 3)
    assert (code, said.split(":")[0]) == (0, "equal")


def test_workers_change_nothing(shared):
    asked = ("--between", "tflm", "tflite-ref", "--samples", 7, "--json", "--workers")
    assert compared(shared, *asked, 1) == compared(shared, *asked, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--between", "tflm", "gemmlowp"], "gemmlowp is neither a simulation nor a runtime"),
        (["--between", "oracle:", "tflm"], "neither"),
        (["--between", "tflm", "tflm", "--oracle", "tflm"], "--between names both sides"),
    ],
)
def test_sides_that_are_none_are_one_line_and_2(shared, capsys, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        sixmeg.main(["compare", str(shared / "models" / MODEL), *arguments])
    error = capsys.readouterr().err
    assert (stopped.value.code, error.count("\n")) == (2, 1)
    assert said in error
