"""`flowlift demo` tells of the image where an engine and a registry are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.images import Images

pytestmark = pytest.mark.real

PATIENCE = 900.0


def test_the_demo_shows_the_image_from_pull_request_to_release(
    images: Images, tmp_path: Path
) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("flowlift"), "demo"],
        env={
            **os.environ,
            **images.environ,
            "FLOWLIFT_DEMO_REGISTRY": images.registry,
            "TMPDIR": str(tmp_path),
            "COLUMNS": "100",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "The flows image",
        "$ flowlift image check\n",
        "The image changes: 0.1.0 -> 0.2.0.",
        "Not built (an image has the same inputs)",
        "Released v0.2.0 at",
        "Promoted:",
        "0.2.0 is the very image that was tested",
        "checks hold, in",
    ):
        assert said in done.stdout, done.stdout
