"""Importing every entrypoint in the image, by real containers with a real Prefect in them."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
import yaml

from flowlift.errors import ImageError
from flowlift.image.access import Access
from flowlift.image.proving import Verified, prove
from flowlift.image.release import BuildRun, build_image
from flowlift.project.project import open_project
from tests.parts.images import PLATFORMS, ImagePlatform, Images
from tests.parts.repositories import GitRepository
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

FLOW = """\
from prefect import flow

{imports}


@flow(name="{name}")
def {name}():
    return 1
"""
PR = ("--pr", "12", "--run", "34")


class Flows(ImagePlatform):
    """A repository whose image has Prefect, with flows and a manifest."""

    def flows(self, manifest: dict[str, str], files: dict[str, str], **more: Any) -> None:
        entries = [
            {"name": name, "entrypoint": entrypoint, "work_pool": {"name": "k8s"}, **more}
            for name, entrypoint in manifest.items()
        ]
        text = yaml.safe_dump({"deployments": entries})
        self.commit("flows", {**files, "prefect.yaml": text})


@pytest.fixture
def flows(images: Images, git_repository: GitRepository) -> Flows:
    made = Flows(git_repository, images, settings={"platforms": ["linux/amd64"]})
    made.dockerfile = f"FROM {images.prefect}\nCOPY pyproject.toml /opt/prefect/own.toml\n"
    return made


def test_every_flow_is_imported_on_every_platform(flows: Flows) -> None:
    flows.settings["platforms"] = PLATFORMS
    flows.flows(
        {"one": "src/one.py:one", "two": "src/two.py:two", "again": "src/one.py:one"},
        {
            "src/one.py": FLOW.format(name="one", imports=""),
            "src/two.py": FLOW.format(name="two", imports="import prefect_kubernetes"),
        },
    )
    flows.json("build", *PR)
    done = flows.flowlift("verify", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    went = {(item["platform"], item["flow"], *item["deployments"]) for item in found["imports"]}
    ran = [platform for platform in PLATFORMS if platform not in found["skipped"]]
    assert "linux/amd64" in ran
    assert went == {
        (platform, *names)
        for platform in ran
        for names in (("one", "one", "again"), ("two", "two"))
    }
    assert found["proven"] is True


def test_a_missing_dependency_is_found_with_flow_error_and_line(flows: Flows) -> None:
    flows.flows(
        {"good": "src/good.py:good", "bad": "src/bad.py:bad", "deep": "src/deep.py:deep"},
        {
            "src/good.py": FLOW.format(name="good", imports=""),
            "src/bad.py": FLOW.format(name="bad", imports="import polars_that_nobody_has"),
            "src/deep.py": FLOW.format(name="deep", imports="import helper"),
            "src/helper.py": "\n\nimport another_that_nobody_has\n",
        },
    )
    flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 1
    lines = done.out.splitlines()
    assert "linux/amd64: src/bad.py:bad (bad)" in lines
    assert "  src/bad.py:3: ModuleNotFoundError: No module named 'polars_that_nobody_has'" in lines
    assert "linux/amd64: src/deep.py:deep (deep)" in lines
    assert (
        "  src/helper.py:3: ModuleNotFoundError: No module named 'another_that_nobody_has'" in lines
    )
    assert lines[-1].startswith("1 import well, 2 failed")


def test_flows_that_do_other_things_wrong_are_told_apart(flows: Flows) -> None:
    flows.flows(
        {
            "syntax": "src/syntax.py:syntax",
            "leaves": "src/leaves.py:leaves",
            "dies": "src/dies.py:dies",
            "other": "src/other.py:nobody",
            "gone": "src/gone.py:gone",
            "good": "src/good.py:good",
        },
        {
            "src/syntax.py": "def broken(:\n",
            "src/leaves.py": "import sys\nsys.exit(3)\n",
            "src/dies.py": "import os\nos.kill(os.getpid(), 9)\n",
            "src/other.py": FLOW.format(name="other", imports=""),
            "src/good.py": FLOW.format(name="good", imports="print('{\"number\": 0}')"),
        },
    )
    flows.json("build", *PR)
    done = flows.flowlift("verify", "--json")
    assert done.code == 1
    errors = {item["deployments"][0]: item for item in json.loads(done.out)["imports"]}
    assert "SyntaxError" in errors["syntax"]["error"]
    assert (errors["syntax"]["file"], errors["syntax"]["line"]) == ("src/syntax.py", 1)
    assert "SystemExit: 3" in errors["leaves"]["error"]
    assert errors["dies"]["error"] == "the import was ended by SIGKILL"
    assert "nobody" in errors["other"]["error"]
    assert "gone.py" in errors["gone"]["error"]
    assert errors["good"]["error"] == ""


def test_a_manifest_in_a_folder_is_imported_from_that_folder(flows: Flows) -> None:
    """The working directory is the one that its entrypoints are relative to; the error's is not."""
    flows.more = (
        '[tool.flowlift]\nmanifests = ["team/prefect.yaml"]\n'
        '[tool.flowlift.roots]\n"team/prefect.yaml" = "team"\n'
    )
    entries = [
        {"name": name, "entrypoint": f"src/{name}.py:{name}", "work_pool": {"name": "k8s"}}
        for name in ("good", "bad")
    ]
    read = "import pathlib\nassert pathlib.Path('here.txt').read_text() == 'x'"
    files = {
        "team/prefect.yaml": yaml.safe_dump({"deployments": entries}),
        "team/src/good.py": FLOW.format(name="good", imports=read),
        "team/src/bad.py": FLOW.format(name="bad", imports="import nobody_has_this"),
        "team/here.txt": "x",
    }
    flows.commit("team", files)
    flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 1
    assert "  team/src/bad.py:3: ModuleNotFoundError" in done.out
    assert "1 import well, 1 failed" in done.out


def test_a_module_of_one_flow_does_not_hide_that_another_lacks_it(flows: Flows) -> None:
    """Both import `rows`; only one has it beside it."""
    flows.flows(
        {"has": "src/a/has.py:has", "lacks": "src/b/lacks.py:lacks"},
        {
            "src/a/has.py": FLOW.format(name="has", imports="import rows"),
            "src/a/rows.py": "x = 1\n",
            "src/b/lacks.py": FLOW.format(name="lacks", imports="import rows"),
        },
    )
    flows.json("build", *PR)
    found = json.loads(flows.flowlift("verify", "--json").out)["imports"]
    errors = {item["flow"] or "lacks": item["error"] for item in found}
    assert errors["has"] == ""
    assert "No module named 'rows'" in errors["lacks"]


def test_only_what_is_committed_is_seen(flows: Flows) -> None:
    """As the pull steps clone it: a file that was forgotten is found missing."""
    flows.flows(
        {"one": "src/one.py:one"},
        {"src/one.py": FLOW.format(name="one", imports="import forgotten")},
    )
    flows.repository.write({"src/forgotten.py": ""})
    flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 1
    assert "No module named 'forgotten'" in done.out


def test_one_deployment_can_be_asked_for_and_other_images_are_left_out(flows: Flows) -> None:
    flows.flows(
        {"one": "src/one.py:one", "bad": "src/bad.py:bad"},
        {
            "src/one.py": FLOW.format(name="one", imports=""),
            "src/bad.py": FLOW.format(name="bad", imports="import nobody_has"),
        },
    )
    made = flows.json("build", *PR)
    assert flows.flowlift("verify", made["tag"], "-n", "one").code == 0
    own = {"name": "k8s", "job_variables": {"image": "ghcr.io/other/image:1"}}
    flows.flows({"one": "src/one.py:one"}, {}, work_pool=own)
    done = flows.flowlift("verify", made["tag"])
    assert done.code == 2
    assert "no deployment to verify" in done.err


def test_code_that_asks_the_workspace_while_it_is_imported(
    flows: Flows, workspace: Workspace
) -> None:
    name = workspace.name("limit").replace("-", "_")
    workspace.server.request("POST", "/variables/", {"name": name, "value": "7"})
    asks = f"from prefect.variables import Variable\nassert Variable.get('{name}') == '7'"
    flows.flows(
        {"asks": "src/asks.py:asks"}, {"src/asks.py": FLOW.format(name="asks", imports=asks)}
    )
    flows.json("build", *PR)
    environ = {"FLOWLIFT_DEV_API_URL": workspace.url}
    done = flows.flowlift("verify", "--env", "dev", environ=environ)
    assert done.code == 0, done.out + done.err


def test_an_image_without_prefect_is_told_so(flows: Flows, images: Images) -> None:
    flows.dockerfile = f"FROM {images.base}\nCOPY pyproject.toml /\n"
    flows.flows({"one": "src/one.py:one"}, {"src/one.py": FLOW.format(name="one", imports="")})
    flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 1
    assert "Prefect cannot be imported" in done.err
    assert "No module named 'prefect'" in done.err


def test_an_image_without_python_is_told_so(flows: Flows) -> None:
    flows.dockerfile = "FROM scratch\nCOPY pyproject.toml /\n"
    flows.flows({"one": "src/one.py:one"}, {"src/one.py": FLOW.format(name="one", imports="")})
    flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 1
    assert "python" in done.err


ALIEN = """\
FROM {prefect} AS amd64
FROM scratch AS arm64
COPY --chmod=755 alien /bin/python
ENV PATH=/bin
FROM ${{TARGETARCH}}
COPY pyproject.toml /own.toml
"""


def test_a_platform_that_does_not_run_here_is_left_out_and_said(
    flows: Flows, images: Images
) -> None:
    """Its Python is no program of this machine's, as without an emulator."""
    flows.dockerfile = ALIEN.format(prefect=images.prefect)
    flows.settings["platforms"] = PLATFORMS
    files = {"src/one.py": FLOW.format(name="one", imports=""), "alien": "\x7fELF of another\n"}
    flows.flows({"one": "src/one.py:one"}, files)
    flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 0, done.err
    assert "linux/arm64: not tried: this machine cannot run linux/arm64." in done.err
    assert done.out.startswith("1 import well, 0 failed")


def test_an_image_that_runs_nowhere_here_is_not_proven(flows: Flows, images: Images) -> None:
    flows.dockerfile = ALIEN.format(prefect=images.prefect)
    flows.settings["platforms"] = ["linux/arm64"]
    files = {"src/one.py": FLOW.format(name="one", imports=""), "alien": "\x7fELF of another\n"}
    flows.flows({"one": "src/one.py:one"}, files)
    built = flows.json("build", *PR)
    done = flows.flowlift("verify")
    assert done.code == 1
    assert f"Nothing is proven of {built['pinned']}: no platform of it runs here." in done.out
    assert json.loads(flows.flowlift("verify", "--json").out)["proven"] is False
    access = access_of(flows)
    with pytest.raises(ImageError, match=r"No import was tried in .*: this machine cannot run"):
        prove(access, build_image(access, BuildRun("12", "35")))


def access_of(flows: Flows) -> Access:
    return Access(open_project(flows.repository.path, {**os.environ, **flows.images.environ}))


def test_a_repository_whose_deployments_come_later_can_deliver_its_image(flows: Flows) -> None:
    flows.flows({}, {})
    access = access_of(flows)
    built = build_image(access, BuildRun("12", "34"))
    assert prove(access, built) == Verified(built.pinned, (), {})
    done = flows.flowlift("verify")
    assert done.code == 2
    assert "There is no deployment to verify" in done.err
    assert "Declare one in a manifest" in done.err


def test_without_an_image_it_says_what_to_do(flows: Flows) -> None:
    flows.flows({"one": "src/one.py:one"}, {"src/one.py": FLOW.format(name="one", imports="")})
    done = flows.flowlift("verify")
    assert done.code == 2
    assert "flowlift image build" in done.err


def test_no_container_is_left(flows: Flows, images: Images) -> None:
    flows.flows({"one": "src/one.py:one"}, {"src/one.py": FLOW.format(name="one", imports="")})
    pinned = flows.json("build", *PR)["pinned"]
    assert flows.flowlift("verify").code == 0
    listed = subprocess.run(
        ["docker", "-H", images.docker_host, "ps", "--all", "--format", "{{.Image}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert pinned.partition("@")[0] not in listed.stdout
