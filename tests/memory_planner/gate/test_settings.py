"""The gate's settings: which file holds, what is refused."""

import pytest

from memory_planner.gate.settings import Settings, SettingsError, found_in, read

PYPROJECT = '[tool.sixmeg.gate]\nchip = "k210"\nmax-growth = "2%"\nreserve = ["camera=150KiB"]\n'


def test_without_files_there_are_none(tmp_path):
    assert found_in(tmp_path) == (Settings(), None)


@pytest.mark.parametrize("name", ["pyproject.toml", "sixmeg.toml"])
def test_the_table_of_tools_is_read_from_both(tmp_path, name):
    (tmp_path / name).write_text(PYPROJECT)
    settings, path = found_in(tmp_path)
    assert (settings.chip, settings.max_growth, settings.reserve) == ("k210", "2%", ("camera=150KiB",))
    assert path == tmp_path / name


def test_sixmeg_toml_holds_where_both_have_a_table(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "sixmeg.toml").write_text('[gate]\nchip = "gap8"\n')
    assert found_in(tmp_path)[0] == Settings(chip="gap8")


def test_a_pyproject_of_another_tool_says_nothing(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[gate]\nchip = "gap8"\n')
    assert found_in(tmp_path) == (Settings(), None)


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "models").mkdir()
    for name in ("b.tflite", "a.tflite"):
        (tmp_path / "models" / name).touch()
    (tmp_path / "own.toml").write_text(
        '[gate]\nmodels = ["models/*.tflite"]\nbaseline = "gate.json"\nchip = "mine.toml"\n'
    )
    settings, _ = read(str(tmp_path / "own.toml"))
    assert settings.models == tuple(str(tmp_path / "models" / n) for n in ("a.tflite", "b.tflite"))
    assert settings.baseline == str(tmp_path / "gate.json")
    assert settings.chip == str(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("[gate]\nmax_growth = '2%'\n", "max_growth"),
        ("[gate]\nchip = 3\n", "chip"),
        ("[gate]\nruntime = 'tvm'\n", "tvm"),
        ("[gate]\nmodels = 'm.tflite'\n", "models"),
        ("[gate]\nmodels = ['nowhere/*.tflite']\n", "no such model"),
        ("[gate\n", "sixmeg.toml"),
        ("gate = 3\n", "sixmeg.toml"),
    ],
)
def test_what_cannot_be_is_named_in_one_line(tmp_path, told, why):
    (tmp_path / "sixmeg.toml").write_text(told)
    with pytest.raises(SettingsError, match=why) as error:
        found_in(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("told", ["", "[tool.sixmeg]\n", "[gates]\n"])
def test_a_file_that_was_asked_for_must_have_settings(tmp_path, told):
    (tmp_path / "own.toml").write_text(told)
    with pytest.raises(SettingsError, match="neither"):
        read(str(tmp_path / "own.toml"))
    with pytest.raises(SettingsError, match="no such file"):
        read(str(tmp_path / "other.toml"))
