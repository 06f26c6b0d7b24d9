"""tfds: words, by a data set built here and now; and the line that names the extra where it is absent."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pictures
from pictures import DataError

BUILDER = """
import numpy as np, tensorflow_datasets as tfds

class FewShapes(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({
                "picture": tfds.features.Image(shape=(9, 9, 3)),
                "kind": tfds.features.ClassLabel(names=["round/ish", "square", "star"]),
            }),
            supervised_keys=("picture", "kind"),
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(6), "validation": self._generate_examples(2)}

    def _generate_examples(self, count):
        for i in range(count):
            yield i, {"picture": np.full((9, 9, 3), 10 * i, np.uint8), "kind": i % 3}
"""

LOAD = """
import numpy as np, few_shapes, pictures
for _ in range(2):
    s = pictures.load("tfds:few_shapes")
print(s.name, s.classes, s.origin, s.train.native_px)
print(np.bincount(s.train.labels).tolist(), s.test.labels.tolist())
print(sorted(s.train.read(range(6), 9)[:, 0, 0, 0].tolist()), [s.test.read([0], 9).max()])
"""


@pytest.mark.skipif(not importlib.util.find_spec("tensorflow_datasets"), reason="needs the tfds extra")
def test_a_tfds_set_is_copied_losslessly_with_its_splits_and_names(tmp_path, own_cache):
    (tmp_path / "few_shapes").mkdir()
    (tmp_path / "few_shapes" / "__init__.py").write_text(BUILDER)
    root = Path(pictures.__file__).parent.parent
    environment = os.environ | {
        "TFDS_DATA_DIR": str(tmp_path / "tfds"),
        "PYTHONPATH": os.pathsep.join([str(root), str(tmp_path)]),
    }
    command = [sys.executable, "-c", LOAD]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "tfds_few_shapes ('round/ish', 'square', 'star') tensorflow-datasets few_shapes/1.0.0 9",
        "[2, 2, 2] [0, 1]",
        "[0, 10, 20, 30, 40, 50] [0]",
    ]
    assert (own_cache / "tfds" / "few_shapes-1.0.0" / "train" / "00002").is_dir()


def test_without_tensorflow_datasets_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(DataError, match=r"pip install 'sixmeg\[tfds\]'") as caught:
        pictures.load("tfds:mnist")
    assert "\n" not in str(caught.value)
