"""A chart behind a login: fetched as a file, and the login goes to nobody else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowlift.errors import HelmError
from flowlift.worker.cluster import program
from flowlift.worker.cluster.chart_login import fetch_chart
from flowlift.worker.cluster.program import Answer
from tests.parts.proxy import Answer as HttpAnswer
from tests.parts.proxy import Proxy, Request
from tests.parts.worker_values import desired_worker

pytestmark = pytest.mark.usefixtures("no_certificates")

USER, PASSWORD = "charts", "hunter2-of-the-charts"
LOGIN = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
CHART = "what helm package has packed"
NAME = "prefect-worker-2025.7.31.tgz"


class Charts:
    """A repository of charts for one user; `url` is where its index says that the chart is."""

    def __init__(self, url: str = NAME, content: str = CHART, index: str = "") -> None:
        digest = hashlib.sha256(CHART.encode()).hexdigest()
        entry = {"version": "2025.7.31", "urls": [url], "digest": digest}
        self.index = index or yaml.safe_dump({"entries": {"prefect-worker": [entry]}})
        self.content = content
        self.logins: list[str | None] = []
        self.open = False

    def __call__(self, request: Request) -> HttpAnswer:
        self.logins.append(request.headers.get("authorization"))
        if not self.open and self.logins[-1] != LOGIN:
            return HttpAnswer(401, "no", "text/plain")
        text = self.index if request.path.endswith("index.yaml") else self.content
        return HttpAnswer(200, text, "text/plain")


def served(charts: Charts) -> Proxy:
    return Proxy("http://127.0.0.1:9", answer=charts)


def fetched(folder: Path, repository: str | None, password: str = PASSWORD, **more: Any) -> Path:
    environ = {
        "CHART_USER": USER,
        "CHART_PASSWORD": f"{password}\n",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HOME": str(folder),
    }
    login = ("CHART_USER", "CHART_PASSWORD")
    wanted = desired_worker(repository=repository, chart_login=login, **more)
    return asyncio.run(fetch_chart(wanted, environ))


def fails(folder: Path, repository: str | None, password: str = PASSWORD, **more: Any) -> HelmError:
    with pytest.raises(HelmError) as caught:
        fetched(folder, repository, password, **more)
    assert password not in str(caught.value)
    assert not list((folder / "cache").rglob("*.tgz"))
    return caught.value


def test_a_chart_comes_from_its_repository_with_the_login(tmp_path: Path) -> None:
    charts = Charts()
    with served(charts) as repository:
        file = fetched(tmp_path, repository.url)
        assert (file.name, file.read_text()) == (NAME, CHART)
        assert file.is_relative_to(tmp_path / "cache")
        assert charts.logins == [LOGIN, LOGIN]
        # Charts of one name from several places do not mix.
        assert fetched(tmp_path, f"{repository.url}/team").parent != file.parent
    assert PASSWORD.encode() not in b"".join(f.read_bytes() for f in file.parent.iterdir())


def test_a_login_goes_to_its_repository_alone(tmp_path: Path) -> None:
    other = Charts()
    other.open = True
    with served(other) as elsewhere:
        own = Charts(f"{elsewhere.url}/{NAME}")
        with served(own) as repository:
            assert fetched(tmp_path, repository.url).read_text() == CHART
    assert (own.logins, other.logins) == ([LOGIN], [None])


def test_a_login_is_never_sent_in_clear_but_on_this_machine(tmp_path: Path) -> None:
    error = fails(tmp_path, "http://charts.example.com")
    assert "is without TLS, so the login would be sent in clear" in error.message


def test_a_chart_that_is_not_what_the_index_says_is_refused(tmp_path: Path) -> None:
    with served(Charts(content=f"{CHART}!")) as repository:
        error = fails(tmp_path, repository.url)
    assert "is not what the repository's index says" in error.message


@pytest.mark.parametrize(
    "index", ["no index", "entries: {}", "entries: [", "entries: {prefect-worker: [{version: 1}]}"]
)
def test_a_chart_that_the_index_does_not_have_is_told(tmp_path: Path, index: str) -> None:
    with served(Charts(index=index)) as repository:
        error = fails(tmp_path, repository.url)
    assert "has no chart prefect-worker of version 2025.7.31" in error.message


def test_a_login_that_is_refused_names_its_variables(tmp_path: Path) -> None:
    with served(Charts()) as repository:
        error = fails(tmp_path, repository.url, "hunter2-is-wrong")
    assert f"refuses the login of '{USER}' for the chart prefect-worker" in error.message
    assert error.remedy == "Correct CHART_USER and CHART_PASSWORD."


def test_a_repository_that_is_not_there_is_no_refusal(tmp_path: Path) -> None:
    error = fails(tmp_path, "http://127.0.0.1:1")
    assert "cannot be fetched from 127.0.0.1:1" in error.message
    assert "it cannot be reached from here" in error.remedy


def test_variables_that_are_not_set_are_all_named(tmp_path: Path) -> None:
    wanted = desired_worker(chart_login=("CHART_USER", "CHART_PASSWORD"))
    with pytest.raises(HelmError, match="CHART_USER and CHART_PASSWORD is not set"):
        asyncio.run(fetch_chart(wanted, {"CHART_PASSWORD": " \n"}))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(HelmError, match="cannot be kept in") as caught:
        fetched(tmp_path, "http://127.0.0.1:1")
    assert "XDG_CACHE_HOME" in caught.value.remedy


# From a registry -------------------------------------------------------------------------

OCI = "oci://ghcr.io/acme/prefect-worker"


class StandInHelmPull:
    """`helm pull`, in place of `program.run`: it asks Docker's helper, as the real one does."""

    def __init__(self, answer: Answer | None = Answer(0, "", "")) -> None:  # noqa: B008 - frozen
        self.answer = answer
        self.words: list[str] = []
        self.told = ""

    async def __call__(
        self, words: Sequence[str], environ: Mapping[str, str], *, timeout: float
    ) -> Answer | None:
        self.words = list(words)
        assert "hunter2" not in " ".join([*words, *Path(environ["DOCKER_CONFIG"]).name])
        assert not Path(environ["HELM_REGISTRY_CONFIG"]).exists()
        if self.answer and self.answer.code == 0:
            helper = Path(environ["DOCKER_CONFIG"]) / "docker-credential-flowlift"
            self.told = subprocess.run(
                [helper, "get"],
                env=dict(environ),
                input="ghcr.io",
                text=True,
                capture_output=True,
                check=False,
            ).stdout
            folder = Path(words[words.index("--destination") + 1])
            (folder / NAME).write_text(CHART)
        return self.answer


def test_a_registry_gets_the_login_from_a_helper_and_not_as_an_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = StandInHelmPull()
    monkeypatch.setattr(program, "run", helm)
    assert fetched(tmp_path, None, chart=OCI).read_text() == CHART
    assert helm.words[:5] == ["helm", "pull", OCI, "--version", "2025.7.31"]
    assert "--plain-http" not in helm.words
    assert PASSWORD in helm.told


def test_a_registry_without_tls_is_asked_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = StandInHelmPull(None)
    monkeypatch.setattr(program, "run", helm)
    fails(tmp_path, None, chart=OCI, plain_http=True)
    assert helm.words[-1] == "--plain-http"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(1, "", "Error: GET https://ghcr.io: 403: denied"), "refuses the login of 'charts'"),
        (Answer(1, "", "Error: ghcr.io/x:1: not found"), "cannot be fetched from ghcr.io: ghcr.io"),
        (None, "no answer within 120 s"),
    ],
)
def test_what_helm_says_of_a_registry_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer | None, says: str
) -> None:
    monkeypatch.setattr(program, "run", StandInHelmPull(answer))
    assert says in fails(tmp_path, None, chart=OCI).message


def test_without_helm_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(*words: object, **more: object) -> None:
        raise FileNotFoundError("helm")

    monkeypatch.setattr(program, "run", missing)
    assert fails(tmp_path, None, chart=OCI).message == "helm is not installed."
