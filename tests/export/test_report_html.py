"""report.html: stands alone, and says what report.json says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from export import memory_map, report_html, stages
from export.report import report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOADS = {"src", "href", "srcset", "data", "poster", "action", "xlink:href"}
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What the tests ask of a page: its <data> elements, titles, tags, and whether tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.data: list[tuple[str, str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.titles: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self._pending: tuple[str, str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "data":
            self._pending = (found["data-key"] or "", found["value"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._pending:
            self.data.append((*self._pending, data))
            self._pending = None
        if self.open and self.open[-1] == "title":
            self.titles.append(data)
        if "style" not in self.open:
            self.text.append(data)


@pytest.fixture
def content(build: Path) -> dict:
    return report(stages.read(*stages.paths_in(build)))


@pytest.fixture
def page(content: dict) -> Page:
    return Page(report_html.page(content))


def read_number(text: str) -> float:
    plain = text.replace(",", "")
    return float(plain.removesuffix(" %")) / 100 if plain.endswith(" %") else float(plain)


def test_every_number_equals_the_one_in_report_json(page: Page, content: dict) -> None:
    assert len(page.data) > 70
    for key, value, text in page.data:
        told = report_html.value_at(content, key)
        assert float(value) == told, key
        precision = 0.0005 if text.endswith("%") else 0.05 if isinstance(told, float) else 0
        assert abs(read_number(text) - told) <= precision * 1.000001, key


def test_the_figures_that_matter_are_all_there(page: Page, content: dict) -> None:
    shown = {key for key, _, _ in page.data}
    wanted = {
        f"verdict.{k}" for k, v in content["verdict"].items() if isinstance(v, int | float) and k != "fits"
    }
    wanted |= {"memory.arena_bytes", "memory.weights_bytes", "memory.lower_bound_bytes", "accuracy.samples"}
    wanted |= {f"speed.layers.{n}.{k}" for n in range(3) for k in ("macs", "cycles", "share")}
    wanted |= {f"bits.{n}.{k}" for n in range(2) for k in ("bytes_compared", "bytes_different")}
    wanted |= {f"speed.assumptions.{n}.value" for n in range(len(content["speed"]["assumptions"]))}
    assert wanted - shown == set()


def test_nothing_is_loaded_and_nothing_runs(content: dict, page: Page) -> None:
    text = report_html.page(content)
    loaded = [v for _, attrs in page.tags for name, v in attrs.items() if name in LOADS]
    assert [v for v in loaded if not (v or "").startswith("#")] == []
    assert re.findall(r"https?://|url\(|@import", text) == []
    assert {"script", "link", "iframe", "img", "object"} & {tag for tag, _ in page.tags} == set()
    assert page.open == []


def test_what_a_file_says_is_text_and_never_markup(content: dict, page: Page) -> None:
    assert "scratch (asked for auto): no <b>weights</b> for this size" in " ".join(page.text)
    assert "b" not in {tag for tag, attrs in page.tags if "style" not in attrs}


def test_a_nested_record_reads_as_words(page: Page) -> None:
    said = re.sub(r"\s+", " ", "".join(page.text))
    assert "name scratch; stages (res_share 0.5), (res_share 1.0)" in said
    assert "{" not in said


def test_the_verdict_is_the_headline(content: dict, page: Page) -> None:
    assert ("h1", {"id": "verdict", "class": "good"}) in page.tags
    assert "Fits npu6m" in page.text
    content["verdict"]["fits"] = content["memory"]["fits"] = False
    assert "Does not fit npu6m" in Page(report_html.page(content)).text


def test_operators_in_floating_point_are_warned_of(content: dict, page: Page) -> None:
    assert "floats" not in {attrs.get("id") for _, attrs in page.tags}
    content["float_operators"] = [{"op": 2, "kind": "SOFTMAX", "dtype": "float32"}]
    warned = Page(report_html.page(content))
    assert ("p", {"id": "floats", "class": "gap"}) in warned.tags
    assert "which no int8 chip runs: 2 (SOFTMAX)" in "".join(warned.text)


def test_each_buffer_has_a_rectangle_that_names_it(content: dict, page: Page) -> None:
    drawn = [attrs["data-tensor"] for _, attrs in page.tags if "data-tensor" in attrs]
    assert drawn == [str(b["tensor"]) for b in content["memory"]["buffers"]]
    for b in content["memory"]["buffers"]:
        title = next(t for t in page.titles if f"tensor {b['tensor']}," in t)
        for part in (b["name"], f"{b['size_bytes']:,} bytes", f"bytes {b['offset']:,} to"):
            assert part in title
        assert f"steps {b['start']} to {b['end'] - 1}" in title


def test_rectangles_overlap_in_the_picture_only_where_they_do_in_the_plan(content: dict) -> None:
    drawn = memory_map.layout(content["memory"], None)
    rects = {r.tensor: r for r in drawn.rects}
    across = (memory_map.WIDTH_PX - memory_map.LEFT_PX - memory_map.RIGHT_PX) / len(
        content["memory"]["steps"]
    )
    floor = memory_map.HEIGHT_PX - memory_map.BOTTOM_PX
    for b in content["memory"]["buffers"]:
        r = rects[b["tensor"]]
        assert r.x == round(memory_map.LEFT_PX + b["start"] * across, 2)
        assert r.width == round((b["end"] - b["start"]) * across, 2)
        assert r.y >= memory_map.TOP_PX
        assert r.y + r.height <= floor + 0.02
    by_height = sorted(content["memory"]["buffers"], key=lambda b: b["size_bytes"])
    heights = [rects[b["tensor"]].height for b in by_height]
    assert heights == sorted(heights)


def test_buffers_are_coloured_by_what_writes_them(content: dict) -> None:
    drawn = memory_map.layout(content["memory"], content["speed"]["layers"])
    assert {r.tensor: r.kind for r in drawn.rects} == {0: "input", 2: "pointwise", 3: "other", 4: "other"}


@pytest.mark.parametrize(
    ("budget_over_arena", "kinds", "note"),
    [
        (1.25, ["arena", "budget"], ""),
        (0.5, ["arena", "over"], ""),
        (40, ["arena"], "40.0 times the arena"),
        (-1, ["arena"], "no room is left"),
    ],
)
def test_the_budget_is_drawn_where_it_is_near_and_told_where_not(
    content: dict, budget_over_arena: float, kinds: list[str], note: str
) -> None:
    memory = content["memory"]
    room = int(memory["arena_bytes"] * budget_over_arena)
    memory["budget_bytes"] = memory["weights_bytes"] + memory["state_bytes"] + room
    drawn = memory_map.layout(memory, None)
    assert [line.kind for line in drawn.lines] == kinds
    assert note in drawn.note
    assert bool(note) == bool(drawn.note)


def test_an_arena_above_the_lower_bound_shows_both(content: dict) -> None:
    memory = content["memory"]
    memory["lower_bound_bytes"] = memory["arena_bytes"] - 16
    labels = [line.label for line in memory_map.layout(memory, None).lines]
    assert [
        f"arena {memory['arena_bytes']:,} bytes",
        f"lower bound {memory['arena_bytes'] - 16:,} bytes",
    ] == labels


@pytest.mark.parametrize("part", ["memory", "speed", "accuracy", "bits", "training", "onnx", "quantization"])
def test_a_missing_part_is_said_with_the_command_that_makes_it(build: Path, part: str) -> None:
    paths, comparisons = stages.paths_in(build)
    file = {"memory": "plan", "speed": "fps", "training": "train", "quantization": "quantize"}.get(part, part)
    paths.pop(file, None)
    content = report(stages.read(paths, () if part == "bits" else comparisons))
    page = Page(report_html.page(content))
    assert [gap["part"] for gap in content["missing"]] == [part]
    assert content["missing"][0]["command"] in page.text
    assert page.open == []


def test_a_browser_shows_verdict_and_map(content: dict, tmp_path: Path) -> None:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} on this machine")
    (tmp_path / "report.html").write_text(report_html.page(content))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    address = (tmp_path / "report.html").as_uri()
    command = [browser, *flags, profile, "--dump-dom", address]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    seen = Page(dom)
    assert "Fits npu6m" in seen.text
    assert ("h1", {"id": "verdict", "class": "good"}) in seen.tags
    svg = dom[dom.index('<svg id="memory-map"') : dom.index("</svg>")]
    assert svg.count("data-tensor=") == len(content["memory"]["buffers"])
    assert sorted(seen.data) == sorted(Page(report_html.page(content)).data)


def test_a_page_needs_report_json_alone(content: dict) -> None:
    assert report_html.page(json.loads(json.dumps(content))) == report_html.page(content)
