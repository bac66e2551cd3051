"""Which declared deployments a change is about: real git, whole repositories in miniature."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from flowlift.config import read_settings
from flowlift.findings import Finding
from flowlift.plan.model import Declared
from flowlift.repo import manifest
from flowlift.repo.changes import Modified, modified
from flowlift.repo.git import Repository, open_repository
from tests.parts import trees

pytestmark = pytest.mark.real

MANIFEST = """\
definitions:
  tags: &tags [data]
  night: &night {cron: "0 3 * * *"}
pull:
- prefect.deployments.steps.git_clone:
    id: clone
    repository: https://github.com/acme/platform.git
    branch: main
- prefect.deployments.steps.run_shell_script:
    script: bash scripts/setup.sh --quiet
    directory: "{{ clone.directory }}"
- prefect.deployments.steps.pip_install_requirements:
    directory: "{{ clone.directory }}"
    requirements_file: requirements.txt
deployments:
- name: orders
  entrypoint: src/flows/orders.py:main
  tags: *tags
  parameters: {rows: 10, day: 2024-01-01}
  schedules:
  - *night
- name: stock
  entrypoint: src/flows/stock.py:main
- name: own-steps
  entrypoint: src/flows/stock.py:main
  parameters: {config: config/stock.yaml}
  pull:
  - prefect.deployments.steps.git_clone: {repository: https://github.com/acme/platform.git}
"""
FILES = {
    "prefect.yaml": MANIFEST,
    "src/acme/io.py": "",
    "src/flows/orders.py": "from acme import io\n",
    "src/flows/stock.py": "",
    "scripts/setup.sh": "true\n",
    "requirements.txt": "-r requirements/base.txt\nprefect\n",
    "requirements/base.txt": "pandas\n",
    "config/stock.yaml": "x: 1\n",
    "pyproject.toml": '[project]\nname = "platform"\n\n[tool.ruff]\nline-length = 100\n',
}


class Case:
    """A repository, what it declares now, and what changed since its first commit."""

    def __init__(self, root: Path, files: Mapping[str, str], **settings: object) -> None:
        self.root = trees.repository(root, files)
        self.repository: Repository = open_repository(self.root)
        self.base = self.repository.head()
        self.settings = read_settings({"env": {}, **settings})

    def declared(self) -> list[Declared]:
        files, found = self.repository.files(), list[Declared]()
        for file in manifest.find(files, self.settings.manifests):
            parsed = manifest.read((self.root / file).read_bytes(), file)
            root = manifest.working_root(parsed, files, self.settings.roots)
            found += parsed.rooted("" if isinstance(root, Finding) else root).declared
        return found

    def modified(self) -> Modified:
        return modified(self.repository, self.settings, self.declared(), self.base)

    def why(self, files: Mapping[str, str] | None = None) -> dict[str, list[str]]:
        """The reasons by name, after `files` were written and committed."""
        trees.commit(self.root, files or {})
        declared = self.declared()
        found = modified(self.repository, self.settings, declared, self.base).reasons
        return {declared[index].name: [str(why) for why in found[index]] for index in found}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "platform", FILES)


def everything(why: str) -> dict[str, list[str]]:
    """Each deployment with the same one reason."""
    return {name: [why] for name in ("orders", "stock", "own-steps")}


def edited(*changes: tuple[str, str], text: str = MANIFEST) -> dict[str, str]:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return {"prefect.yaml": text}


class TestEntries:
    def test_nothing_changed(self, case: Case):
        assert case.why() == {}

    def test_comments_order_and_formatting_do_not_count(self, case: Case):
        other = edited(
            ("deployments:\n", "# all of them\ndeployments:\n\n"),
            ("{rows: 10, day: 2024-01-01}", "\n    day: 2024-01-01  # first\n    rows: 10"),
            ("  - *night", '  - cron: "0 3 * * *"'),
            ("tags: &tags [data]", "tags: &labels\n  - data"),
            ("tags: *tags", "tags: *labels"),
        )
        text = other["prefect.yaml"]
        stock = "- name: stock\n  entrypoint: src/flows/stock.py:main\n"
        assert stock in text
        moved = text.replace(stock, "").replace("deployments:\n\n", f"deployments:\n{stock}")
        assert case.why({"prefect.yaml": moved}) == {}

    def test_the_keys_that_changed_are_named(self, case: Case):
        changes = (("rows: 10", "rows: 20"), ("  - *night", '  - cron: "0 4 * * *"'))
        assert case.why(edited(*changes)) == {
            "orders": ["manifest: parameters.rows, schedules[0].cron"]
        }

    def test_a_key_more_and_a_key_less(self, case: Case):
        changes = (("  tags: *tags\n", "  description: x\n"),)
        assert case.why(edited(*changes)) == {"orders": ["manifest: tags, description"]}

    def test_a_value_of_another_type_is_another_value(self, case: Case):
        assert case.why(edited(("rows: 10", "rows: 10.0"))) == {
            "orders": ["manifest: parameters.rows"]
        }
        assert case.why(edited(("rows: 10", "rows: '10'"))) == {
            "orders": ["manifest: parameters.rows"]
        }

    def test_many_keys_are_counted(self, case: Case):
        many = ", ".join(f"k{number}: 1" for number in range(9))
        (reason,) = case.why(edited(("{rows: 10, ", f"{{rows: 10, {many}, ")))["orders"]
        assert reason.endswith("parameters.k5 and 3 more")

    def test_definitions_count_as_far_as_they_reach(self, case: Case):
        assert case.why(edited(("tags: &tags [data]", "tags: &tags [data, team]"))) == {
            "orders": ["manifest: tags"]
        }

    def test_steps_of_the_top_level_reach_who_uses_them(self, case: Case):
        step = "manifest: pull[0].prefect.deployments.steps.git_clone.branch"
        found = case.why(edited(("branch: main", "branch: trunk")))
        assert found == {"orders": [step], "stock": [step]}

    def test_new(self, case: Case):
        added = MANIFEST + "- name: fresh\n  entrypoint: src/flows/stock.py:main\n"
        assert case.why({"prefect.yaml": added}) == {"fresh": ["new"]}

    def test_the_first_manifest_of_a_repository(self, tmp_path: Path):
        case = Case(tmp_path / "p", {"a.txt": ""})
        assert case.why({"prefect.yaml": "deployments:\n- name: a\n"}) == {"a": ["new"]}

    def test_what_is_not_committed_counts_as_well(self, case: Case):
        trees.write(case.root, {**edited(("rows: 10", "rows: 20")), "src/acme/io.py": "x = 1"})
        declared = case.declared()
        found = modified(case.repository, case.settings, declared, case.base)
        assert [str(why) for why in found.reasons[0]] == [
            "manifest: parameters.rows",
            "source: src/acme/io.py -> src/flows/orders.py",
        ]


class TestRemovedAndRenamed:
    STOCK = "- name: stock\n  entrypoint: src/flows/stock.py:main\n"

    def test_removed_with_what_is_needed_to_find_its_flow(self, case: Case):
        trees.commit(case.root, edited((self.STOCK, "")))
        found = case.modified()
        (gone,) = found.removed
        assert (gone.name, gone.entrypoint, gone.root) == ("stock", "src/flows/stock.py:main", "")
        assert str(gone.at) == "prefect.yaml:22"
        assert found.reasons == {}
        assert found.renamed == []

    def test_the_whole_manifest_removed(self, case: Case):
        (case.root / "prefect.yaml").unlink()
        assert [gone.name for gone in case.modified().removed] == ["orders", "stock", "own-steps"]

    def test_renamed(self, case: Case):
        trees.commit(case.root, edited(("name: stock", "name: inventory")))
        found = case.modified()
        (renamed,) = found.renamed
        assert (renamed.new, renamed.old.name) == (1, "stock")
        assert found.removed == [renamed.old]
        assert [str(why) for why in found.reasons[1]] == ["renamed: was 'stock'"]

    def test_another_name_and_other_data_is_another_deployment(self, case: Case):
        new = self.STOCK.replace("stock\n", "inventory\n") + "  tags: [x]\n"
        assert case.why(edited((self.STOCK, new))) == {"inventory": ["new"]}
        assert [gone.name for gone in case.modified().removed] == ["stock"]
        assert case.modified().renamed == []

    def test_another_entrypoint_may_be_another_flow(self, case: Case):
        assert case.why(edited((self.STOCK, self.STOCK.replace("stock.py", "orders.py")))) == {
            "stock": ["manifest: entrypoint"]
        }
        assert [gone.entrypoint for gone in case.modified().removed] == ["src/flows/stock.py:main"]

    def test_moved_between_manifests(self, tmp_path: Path):
        case = Case(tmp_path / "p", FILES, manifests=["**/prefect.yaml"])
        stock = "- name: stock\n  entrypoint: flows/stock.py:main\n"
        head = MANIFEST.partition("deployments:")[0]
        found = case.why(
            {**edited((self.STOCK, "")), "src/prefect.yaml": f"{head}deployments:\n{stock}"}
        )
        assert found == {"stock": ["renamed: moved from prefect.yaml", "manifest: entrypoint"]}
        assert case.modified().removed == []

    def test_a_manifest_that_is_renamed(self, tmp_path: Path):
        case = Case(tmp_path / "p", FILES, manifests=["*.yaml"])
        trees.git(case.root, "mv", "prefect.yaml", "prefect.cloud.yaml")
        moved = "renamed: moved from prefect.yaml"
        assert case.why() == everything(moved)

    def test_the_same_name_twice_is_paired_by_entrypoint(self, tmp_path: Path):
        entry = "- name: default\n  entrypoint: src/flows/{}.py:main\n  tags: [{}]\n"
        text = "deployments:\n" + entry.format("a", 1) + entry.format("b", 2)
        case = Case(tmp_path / "p", {"prefect.yaml": text})
        other = "deployments:\n" + entry.format("b", 2) + entry.format("a", 3)
        trees.commit(case.root, {"prefect.yaml": other})
        found = case.modified()
        assert {index: [str(why) for why in found.reasons[index]] for index in found.reasons} == {
            1: ["manifest: tags[0]"]
        }
        assert found.removed == []


class TestBroken:
    def test_at_the_base_nothing_can_be_told(self, tmp_path: Path):
        case = Case(tmp_path / "p", {**FILES, "prefect.yaml": "deployments: [\n"})
        why = "could not tell: prefect.yaml could not be read at the base"
        assert case.why(edited()) == everything(why)
        assert case.modified().unread == ("prefect.yaml",)

    def test_another_manifest_is_not_concerned(self, tmp_path: Path):
        files = {**FILES, "a/prefect.yaml": "deployments: [\n"}
        case = Case(tmp_path / "p", files, manifests=["prefect.yaml", "a/prefect.yaml"])
        found = case.why({"a/prefect.yaml": "deployments:\n- name: a\n"})
        assert found == {"a": ["could not tell: a/prefect.yaml could not be read at the base"]}


class TestCode:
    def test_what_the_entrypoint_imports(self, case: Case):
        assert case.why({"src/acme/io.py": "x = 1\n"}) == {
            "orders": ["source: src/acme/io.py -> src/flows/orders.py"]
        }

    def test_a_module_that_is_gone(self, case: Case):
        (case.root / "src/acme/io.py").unlink()
        assert case.why() == {"orders": ["source: src/acme/io.py -> src/flows/orders.py"]}

    def test_the_manifests_own_folder_for_its_entrypoints(self, tmp_path: Path):
        files = {
            "a/prefect.yaml": "deployments:\n- {name: a, entrypoint: flows/x.py:f}\n",
            "a/flows/x.py": "from lib import y",
            "a/lib/y.py": "",
        }
        case = Case(tmp_path / "p", files, manifests=["*/prefect.yaml"])
        assert case.why({"a/lib/y.py": "x = 1"}) == {"a": ["source: a/lib/y.py -> a/flows/x.py"]}


class TestNamedFiles:
    def test_a_script_of_a_pull_step(self, case: Case):
        why = ["source: scripts/setup.sh -> pull step run_shell_script"]
        assert case.why({"scripts/setup.sh": "false\n"}) == {"orders": why, "stock": why}

    def test_requirements_and_what_they_take_in(self, case: Case):
        why = ["source: requirements.txt -> pull step pip_install_requirements"]
        found = case.why({"requirements.txt": "-r requirements/base.txt\n"})
        assert found == {"orders": why, "stock": why}

    def test_requirements_through_another_file(self, case: Case):
        step = "pull step pip_install_requirements"
        why = [f"source: requirements/base.txt -> requirements.txt -> {step}"]
        assert case.why({"requirements/base.txt": "x\n"}) == {"orders": why, "stock": why}

    def test_a_file_that_a_parameter_names(self, case: Case):
        assert case.why({"config/stock.yaml": "x: 2\n"}) == {
            "own-steps": ["could not tell: config/stock.yaml: named by parameters.config"]
        }

    def test_a_file_that_nothing_names(self, case: Case):
        assert case.why({"scripts/other.sh": "", "README.md": "# new", "docs/x.md": ""}) == {}


class TestConfiguration:
    def test_dependencies_reach_all_code(self, case: Case):
        found = case.why({"pyproject.toml": '[project]\nname = "platform"\ndependencies = ["x"]\n'})
        assert found == everything("could not tell: pyproject.toml")

    def test_a_lock_file_reaches_all_code(self, case: Case):
        assert case.why({"uv.lock": ""}) == everything("could not tell: uv.lock")

    @pytest.mark.parametrize(
        "text",
        [
            '# new\n[project]\nname = "platform"\n',
            '[project]\nname = "platform"\n[tool.ruff]\nline-length = 80\n[tool.mypy]\n',
            '[project]\nname = "platform"\n[tool.flowlift.checks]\ntags = "off"\n',
        ],
    )
    def test_what_only_tools_read_reaches_nothing(self, case: Case, text: str):
        assert case.why({"pyproject.toml": text}) == {}

    def test_a_broken_project_file_at_the_base(self, tmp_path: Path):
        case = Case(tmp_path / "p", {**FILES, "pyproject.toml": "[project\n"})
        assert set(case.why({"pyproject.toml": "[project]\n"})) == {"orders", "stock", "own-steps"}

    @pytest.mark.parametrize(
        ("file", "table"),
        [("flowlift.toml", "env.dev"), ("pyproject.toml", "tool.flowlift.env.dev")],
    )
    def test_another_policy_reaches_everything(self, tmp_path: Path, file: str, table: str):
        before = f'[{table}]\nschedules = "off"\n'
        case = Case(tmp_path / "p", {"prefect.yaml": MANIFEST, file: before})
        found = case.why({file: before + 'tags = ["team"]\n'})
        assert found == everything(f"policy: {file}: env.dev.tags")

    def test_a_manifest_that_comes_in_by_configuration_alone(self, tmp_path: Path):
        files = {**FILES, "more/prefect.yaml": "deployments:\n- {name: a, entrypoint: x.py:f}\n"}
        case = Case(tmp_path / "p", files, manifests=["**/prefect.yaml"])
        found = case.why({"flowlift.toml": 'manifests = ["**/prefect.yaml"]\n'})
        assert found == {"a": ["new"]}

    def test_a_manifest_that_falls_out_by_configuration_alone(self, tmp_path: Path):
        more = "deployments:\n- {name: a, entrypoint: x.py:f}\n"
        configured = 'manifests = ["**/prefect.yaml"]\n'
        files = {**FILES, "more/prefect.yaml": more, "flowlift.toml": configured}
        case = Case(tmp_path / "p", files)
        assert case.why({"flowlift.toml": 'manifests = ["prefect.yaml"]\n'}) == {}
        assert [str(gone.at) for gone in case.modified().removed] == ["more/prefect.yaml:2"]
