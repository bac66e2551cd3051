"""The chapter of the flows image, told where a Docker engine and a registry are there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping

import httpx

from flowlift.demo.prompt import Prompt
from flowlift.demo.teller import Storyteller
from flowlift.demo.witness import expect

REGISTRY = "FLOWLIFT_DEMO_REGISTRY"
BRANCH = "feat/image"

_FILE = "etc/docker/Dockerfile"
# Nothing is in it, so that the demo needs no network and takes seconds.
_DOCKERFILE = "FROM scratch\nCOPY pyproject.toml /\n"
_ACCEPT = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
_PATIENCE = 30.0


def missing_part(environ: Mapping[str, str] = os.environ) -> str:
    """What the chapter needs and is not there, in words; "" where all is."""
    registry = environ.get(REGISTRY, "")
    if not registry:
        return (
            f"no registry is named ({REGISTRY}=localhost:5000, after"
            " `docker run -d -p 5000:5000 registry:3`)"
        )
    if shutil.which("docker") is None:
        return "Docker is not installed"
    try:
        found = subprocess.run(
            ["docker", "buildx", "inspect", "--bootstrap"],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "Docker's builder does not answer"
    if found.returncode != 0 or b"\nError:" in found.stdout:
        return "Docker's builder does not work: see `docker buildx inspect --bootstrap`"
    try:
        _ask(registry, "").raise_for_status()
    except httpx.HTTPError as error:
        return f"the registry {registry} does not answer by http: {error}"
    return ""


def tell_image(prompt: Prompt, teller: Storyteller, merge: Callable[[str], str]) -> None:
    """Tell it, or say why not; `merge` merges a branch as a forge does.

    Raises:
        FlowliftError: a step is not as it should be.
    """
    if reason := missing_part():
        teller.say(f"The chapter of the flows image is left out: {reason}.")
        return
    with teller.chapter(
        "The flows image",
        "A new version of it: built in the pull request, released by its digest after the merge."
        " Here there is nothing in it but pyproject.toml.",
    ):
        _a_new_image(prompt, teller, merge)


def _a_new_image(prompt: Prompt, teller: Storyteller, merge: Callable[[str], str]) -> None:
    registry = os.environ[REGISTRY]
    repository = f"demo-{uuid.uuid4().hex[:8]}/flows"
    prompt.git("switch", "-qc", BRANCH)
    prompt.git("rm", "-q", _FILE)
    (prompt.folder / _FILE).parent.mkdir(parents=True, exist_ok=True)
    (prompt.folder / _FILE).write_text(_DOCKERFILE, encoding="utf-8")
    project = prompt.folder / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    expect("pyproject.toml has a version once", 1, text.count('version = "0.1.0"'))
    text = text.replace('version = "0.1.0"', 'version = "0.2.0"')
    settings = f'\n[tool.flowlift.image]\nname = "{registry}/{repository}"\nsbom = false\n'
    project.write_text(text + settings, encoding="utf-8")
    prompt.git("add", "--all")
    prompt.git("commit", "-qm", "Describe the flows image, and raise its version")
    prompt.git("push", "-q", "-u", "origin", BRANCH)
    prompt.flowlift("image", "check")
    prompt.flowlift("image", "build", "--pr", "7", "--run", "1")
    again = prompt.flowlift("image", "build", "--pr", "7", "--run", "2")
    first, second = (_digest(registry, repository, f"0.2.0-pr-7-run-{run}") for run in (1, 2))
    expect("the second run builds nothing", True, "Not built" in again)
    expect("both runs have one image", first, second)
    teller.checked("the registry has the image under both tags, by one digest: built once")
    merge(BRANCH)
    prompt.flowlift("image", "release")
    prompt.flowlift("image", "promote")
    tag = prompt.ask_git("ls-remote", "origin", "refs/tags/v0.2.0^{}").partition("\t")[0]
    expect("the tag is at the merge", prompt.ask_git("rev-parse", "HEAD"), tag)
    expect("the digest of 0.2.0", first, _digest(registry, repository, "0.2.0"))
    teller.checked("v0.2.0 is tagged at the merge, and 0.2.0 is the very image that was tested")


def _digest(registry: str, repository: str, tag: str) -> str:
    answer = _ask(registry, f"{repository}/manifests/{tag}")
    expect(f"the registry has {tag}", 200, answer.status_code)
    expect(f"{tag} is a manifest", True, "schemaVersion" in json.loads(answer.content))
    return str(answer.headers["docker-content-digest"])


def _ask(registry: str, path: str) -> httpx.Response:
    return httpx.get(f"http://{registry}/v2/{path}", headers={"Accept": _ACCEPT}, trust_env=False)
