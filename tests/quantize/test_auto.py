"""The search: the best trial comes out, judged on other pictures; it goes on where it was."""

from quantize import post_training
from quantize.auto import Search
from quantize.recipe import Recipe


def test_what_comes_out_is_the_least_divergent_of_what_was_tried(float_model, colours, tmp_path):
    lines: list[str] = []
    search = Search(5.0, lines.append, tmp_path / "trials")
    made = post_training.quantize(float_model, colours, recipe=search)
    tried = made.record["search"]["tried"]
    assert len(lines) == len(tried) > 5
    least = min(tried, key=lambda trial: trial["divergence"])
    assert made.record["recipe"] == least["recipe"]
    assert Recipe(**least["recipe"]) != Recipe()
    assert made.record["calibration_samples"] == 12
    assert made.record["search"]["held_samples"] == 12

    kept = sorted(path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir())
    again = post_training.quantize(float_model, colours, recipe=search)
    assert (again.blob, again.record) == (made.blob, made.record)
    assert kept == sorted(path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir())


def test_without_time_bias_correction_is_tried_all_the_same(float_model, colours):
    lines: list[str] = []
    made = post_training.quantize(float_model, colours, recipe=Search(1e-6, lines.append))
    assert [trial["aid"] for trial in made.record["search"]["tried"]] == [
        "the converter alone",
        "bias correction",
    ]
    assert "do not suffice" in lines[-1]
