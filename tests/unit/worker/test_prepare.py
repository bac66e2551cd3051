"""What check and update of a worker begin with: its files, the image, the pool, the findings.

Prefect's API is a fake; `tests/real/worker/test_check.py` and `test_pools_without_cluster.py` have
real ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import ConfigError, FindingsError, InputError, RefusedError
from flowlift.findings import Action
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.helm import Helm
from flowlift.worker.look import read_cluster
from flowlift.worker.model import DesiredPool
from flowlift.worker.prepare import Prepared, pool_part, prepare, workers_of
from flowlift.workspace.client import Client
from flowlift.workspace.pools import LivePool
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.fake_pool import FakePool
from tests.parts.projects import project_at
from tests.parts.proxy import Answer
from tests.parts.stand_in_kubernetes import StandInKubernetes, revision
from tests.parts.worker_values import IMAGE, PLACEHOLDER, template, values_text

HELM = {"values": "v-{env}.yaml"}
OTHER = IMAGE.replace("a" * 64, "b" * 64)


def with_image(image: str) -> dict[str, Any]:
    changed = template()
    changed["variables"]["properties"]["image"]["default"] = image
    return changed


def live(of: dict[str, Any] | None = None, **more: Any) -> FakePool:
    return FakePool(name="edp-work-pool", template=of or with_image(IMAGE), **more)


def prepared(
    root: Path, worker: dict[str, Any], pool: FakePool, *, table: Any = None, **options: Any
) -> Prepared:
    project = project_at(root, {"worker": worker, **(table or {})})
    (config,) = workers_of(project, "dev")

    async def work(client: Client) -> Prepared:
        return await prepare(project, "dev", config, client, **options)

    return ask_model(ModelNetwork(pool), work)


def checks(found: Prepared) -> list[str]:
    return [item.check for item in found.findings]


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    (tmp_path / "v-dev.yaml").write_text(values_text())
    return tmp_path


# With Helm -------------------------------------------------------------------------------


def test_the_pool_s_own_image_stays_where_none_is_asked_for(platform: Path) -> None:
    found = prepared(platform, HELM, live())
    assert found.findings == ()
    assert found.why_image == "what the pool has"
    assert found.pool.image == IMAGE
    assert found.desired
    assert found.desired.pool.template == with_image(IMAGE)
    assert found.pool_part.action is Action.NONE
    assert (found.at.file, found.worker_at.file) == ("v-dev.yaml", "v-dev.yaml")
    assert (platform / "v-dev.yaml").read_text() == values_text()


def test_the_image_that_is_asked_for_is_put_in_by_its_digest(platform: Path) -> None:
    found = prepared(platform, HELM, live(), image=OTHER)
    assert (found.pool.image, found.why_image) == (OTHER, "as asked for")
    assert found.pool_part.action is Action.UPDATE
    assert OTHER in json.dumps(found.desired.values if found.desired else None)


def test_an_image_that_was_put_in_by_hand_is_no_wish_for_another(
    platform: Path, kubernetes: StandInKubernetes
) -> None:
    applied = json.dumps(with_image(IMAGE))
    kubernetes.releases["prefect-worker"] = [revision()]
    kubernetes.values["prefect-worker"] = {
        "worker": {"config": {"baseJobTemplate": {"configuration": applied}}}
    }
    cluster, helm = Cluster({}, "prefect", ("kubectl",)), Helm({}, "prefect")

    def read() -> Any:
        return read_cluster(cluster, helm, "prefect-worker")

    assert prepared(platform, HELM, live(with_image(OTHER)), under_way=read()).pool.image == IMAGE
    # What the user asks for is one.
    found = prepared(platform, HELM, live(), image=OTHER, under_way=(asked := read()))
    asked.close()
    assert found.pool.image == OTHER


def test_a_placeholder_that_nothing_fills_stops_every_write(platform: Path) -> None:
    found = prepared(platform, HELM, live(exists=False))
    assert checks(found) == ["template-image"]
    assert found.why_image == "no image is configured"
    assert found.pool_part.action is Action.CREATE
    with pytest.raises(FindingsError, match="1 error found, so nothing is written"):
        found.refuse_errors()


def test_values_that_name_their_own_image_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "v-dev.yaml").write_text(values_text(with_image("prefecthq/prefect:3")))
    found = prepared(tmp_path, HELM, live())
    assert (found.pool.image, found.why_image) == (None, "the values name their own image")
    assert found.pool.template == with_image("prefecthq/prefect:3")


def test_the_image_goes_into_the_pools_own_template_where_the_chart_leaves_that_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "v-dev.yaml").write_text("worker: {config: {workPool: edp-work-pool}}\n")
    found = prepared(tmp_path, HELM, live(), image=OTHER)
    assert found.desired
    assert found.desired.pool.template == with_image(OTHER)
    assert found.desired.job_pull_secrets == ("reg-creds",)
    # A template that knows of no image keeps all that it has.
    without = template()
    del without["variables"]["properties"]["image"]
    assert prepared(tmp_path, HELM, live(without), image=OTHER).pool.template is None


def test_somebody_else_s_config_map_says_the_template(tmp_path: Path) -> None:
    text = (
        "worker: {config: {workPool: edp-work-pool, baseJobTemplate: {existingConfigMapName: x}}}"
    )
    (tmp_path / "v-dev.yaml").write_text(text + "\n")
    found = prepared(tmp_path, HELM, live(), image=OTHER)
    assert found.pool.template is None
    assert checks(found) == ["config-map"]


def test_a_pool_of_another_type_is_told_at_its_line(platform: Path) -> None:
    found = prepared(platform, HELM, live(type="docker"))
    (told,) = found.findings
    assert (told.check, told.line) == ("pool-type", 7)
    assert "is of type docker, which a worker of type kubernetes does not serve" in told.message


def test_a_chart_from_a_registry_without_tls_is_pulled_so(platform: Path) -> None:
    image = {"name": "localhost:5000/acme/flows", "plain-http": ["localhost:5000"]}
    for chart, plain in (("oci://localhost:5000/charts/w", True), ("oci://ghcr.io/w", False)):
        worker = {**HELM, "chart": chart}
        found = prepared(platform, worker, live(), image=IMAGE, table={"image": image})
        assert found.desired
        assert found.desired.plain_http is plain


# What the live pool says -----------------------------------------------------------------


def test_a_paused_pool_is_warned_of(platform: Path) -> None:
    found = prepared(platform, HELM, live(paused=True))
    assert checks(found) == ["paused-work-pool"]
    assert found.errors == ()
    found.refuse_errors()


def test_deployments_are_looked_at_only_where_the_template_changes(platform: Path) -> None:
    pool = live(deployments={"d": {"job_variables": {"memory": 5}}})
    prepared(platform, HELM, pool)
    assert pool.asked("/deployments/filter") == []
    pool.template["variables"]["properties"]["memory"] = {"type": "integer"}
    found = prepared(platform, HELM, pool)
    assert len(pool.asked("/deployments/filter")) == 1
    (told,) = found.findings
    assert "f/d" in told.message
    assert "memory" in told.message


def test_levels_are_as_the_team_has_set_them(platform: Path) -> None:
    pool = live(paused=True)
    table = {"checks": {"paused-work-pool": "error"}}
    assert len(prepared(platform, HELM, pool, table=table).errors) == 1
    table = {"checks": {"paused-work-pool": "off"}}
    assert checks(prepared(platform, HELM, pool, table=table)) == []


def test_a_key_that_is_refused_is_no_missing_pool(platform: Path) -> None:
    pool = live()
    pool.denied["/work_pools/edp-work-pool"] = Answer(403, {"detail": "no"})
    with pytest.raises(RefusedError):
        prepared(platform, HELM, pool)


# The files -------------------------------------------------------------------------------


def test_a_file_that_is_missing_names_what_to_correct(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file v-dev") as caught:
        prepared(tmp_path, HELM, live())
    assert "correct `values`" in caught.value.remedy
    with pytest.raises(InputError, match=r"There is no file t\.json") as caught:
        prepared(tmp_path, {"pool": "edp-work-pool", "template": "t.json"}, live())
    assert "correct `template`" in caught.value.remedy


def test_a_file_outside_of_the_repository_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "secret.yaml").write_text(values_text())
    with pytest.raises(InputError, match="is outside of the repository"):
        prepared(root, {"values": "../secret.yaml"}, live())
    (root / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(InputError, match="is outside of the repository"):
        prepared(root, {"values": "link.yaml"}, live())


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "v-dev.yaml").write_bytes(b"worker: \xff\n")
    with pytest.raises(InputError, match="cannot be read") as caught:
        prepared(tmp_path, HELM, live())
    assert caught.value.at
    assert caught.value.at.file == "v-dev.yaml"


# Without Kubernetes ----------------------------------------------------------------------

ALONE = {"pool": "edp-work-pool"}


def test_a_pool_alone_keeps_its_template_and_gets_the_image(tmp_path: Path) -> None:
    found = prepared(tmp_path, ALONE, live(type="docker"), image=OTHER)
    assert found.desired is None
    assert found.pool.template == with_image(OTHER)
    assert [change.field for change in found.pool_part.fields] == [
        "variables.properties.image.default"
    ]


def test_a_pool_without_an_image_is_left_alone(tmp_path: Path) -> None:
    found = prepared(tmp_path, ALONE, live({"variables": {}}, type="process"))
    assert (found.pool.template, found.pool.image) == (None, None)
    assert found.why_image == "the pool's template has no image"
    assert found.pool_part.action is Action.NONE


def test_a_pool_that_is_missing_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    found = prepared(tmp_path, {"pool": "edp-work-pol"}, live())
    (told,) = found.findings
    assert told.check == "missing-work-pool"
    assert told.message.endswith("has no work pool 'edp-work-pol': is 'edp-work-pool' meant?")
    assert "prefect work-pool create edp-work-pol" in told.remedy


def test_a_file_says_the_template_with_the_image_at_its_placeholder(tmp_path: Path) -> None:
    (tmp_path / "t-dev.json").write_text(json.dumps(template()))
    worker = {**ALONE, "template": "t-{env}.json"}
    found = prepared(tmp_path, worker, live(), image=OTHER)
    assert (found.pool.template, found.pool.image) == (with_image(OTHER), OTHER)
    assert found.at.file == "t-dev.json"
    # Nothing to put there: told at its line.
    found = prepared(tmp_path, worker, live(exists=False))
    assert checks(found) == ["template-image", "missing-work-pool"]


def test_without_a_placeholder_the_image_becomes_the_default_where_one_is_asked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "t.json").write_text(json.dumps(with_image("prefecthq/prefect:3")))
    worker = {**ALONE, "template": "t.json"}
    assert prepared(tmp_path, worker, live(), image=OTHER).pool.template == with_image(OTHER)
    found = prepared(tmp_path, worker, live())
    assert found.pool.template == with_image("prefecthq/prefect:3")
    assert found.why_image == "the template names its own image, or none"


def test_a_template_that_is_no_json_is_told_and_nothing_is_compared(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"variables": ' + PLACEHOLDER)
    found = prepared(tmp_path, {**ALONE, "template": "t.json"}, live())
    assert checks(found) == ["template-json"]
    assert found.pool.template is None


# The words -------------------------------------------------------------------------------


def test_what_is_done_to_a_pool() -> None:
    pool = LivePool("p", "kubernetes", False, "READY", {"a": 1})
    assert pool_part(DesiredPool("p", {"a": 1}), None).action is Action.CREATE
    assert pool_part(DesiredPool("p", None), pool).action is Action.NONE
    assert pool_part(DesiredPool("p", {"a": 1.0}), pool).action is Action.NONE
    changed = pool_part(DesiredPool("p", {"a": 2}), pool)
    assert changed.action is Action.UPDATE
    assert changed.fields


def test_workers_are_those_of_the_environment(tmp_path: Path) -> None:
    listed = [{"release": "a"}, {"release": "b", "environments": ["prod"]}]
    project = project_at(tmp_path, {"worker": listed})
    assert [worker.release for worker in workers_of(project, "dev")] == ["a"]
    assert [worker.release for worker in workers_of(project, "prod")] == ["a", "b"]
    with pytest.raises(ConfigError, match="no environment is called 'prd': is it 'prod'"):
        workers_of(project, "prd")
    with pytest.raises(ConfigError, match="No worker is configured for dev"):
        workers_of(project_at(tmp_path, {}), "dev")
