"""Manifests: found by globs, read with lines, and the folder that their entrypoints start from."""

from __future__ import annotations

import pytest

from flowlift.errors import ManifestError
from flowlift.findings import Finding, Level
from flowlift.repo import manifest

FILES = [
    "prefect.yaml",
    "pipelines/a/prefect.yaml",
    "pipelines/b/prefect.cloud.yaml",
    "templates/{{cookiecutter.name}}/prefect.yaml",
    "templates/x/{{name}}.yaml",
    "src/flows/a.py",
]
CLONE = "prefect.deployments.steps.git_clone"


def read(text: str, file: str = "prefect.yaml") -> manifest.Manifest:
    return manifest.read(text, file)


class TestFinding:
    def test_the_root_one_by_default(self):
        assert manifest.find(FILES, ["prefect.yaml"]) == ["prefect.yaml"]

    def test_several_by_globs_in_a_fixed_order_and_once_each(self):
        globs = ["pipelines/*/prefect*.yaml", "**/prefect.yaml"]
        expected = [FILES[1], FILES[2], FILES[0]]
        assert manifest.find(FILES, globs) == expected
        assert manifest.find(reversed(FILES), globs) == expected

    def test_templates_of_repositories_are_never_taken(self):
        assert manifest.find(FILES, ["templates/**"]) == []


class TestReading:
    def test_what_it_declares_with_lines(self):
        found = read(
            "name: platform\nprefect-version: 3.8.8\ndeployments:\n"
            "- name: a\n  entrypoint: src/a.py:f\n  work_pool:\n    name: k8s\n- name: b\n"
        )
        assert found.data["name"] == "platform"
        first, second = found.declared
        assert (first.name, first.entrypoint, str(first.at)) == (
            "a",
            "src/a.py:f",
            "prefect.yaml:4",
        )
        assert str(first.position("work_pool", "name")) == "prefect.yaml:7"
        assert str(first.position("work_pool", "nothing")) == "prefect.yaml:6"
        assert str(second.at) == "prefect.yaml:8"
        assert found.lines["deployments"] == 3

    @pytest.mark.parametrize(
        "text", ["", "# nothing\n", "name: x\n", "deployments:\n", "deployments: []"]
    )
    def test_no_deployments_is_a_valid_manifest(self, text: str):
        found = read(text)
        assert found.declared == ()
        assert found.findings == ()

    @pytest.mark.parametrize("text", ["- a\n- b\n", "just words", "42"])
    def test_no_mapping(self, text: str):
        with pytest.raises(ManifestError, match=r"prefect.yaml:1: This is .*not a mapping"):
            read(text)

    def test_what_is_no_list_declares_nothing(self):
        assert read("deployments:\n  name: a\n").declared == ()

    def test_an_entry_that_is_no_mapping_is_a_finding(self):
        found = read("deployments:\n- name: a\n- just words\n-\n")
        assert [entry.name for entry in found.declared] == ["a"]
        assert [(f.check, f.level, f.line) for f in found.findings] == [
            ("wrong-type", Level.ERROR, 3),
            ("wrong-type", Level.ERROR, 4),
        ]

    def test_a_key_written_twice_is_an_error_at_the_second(self):
        found = read("deployments:\n- name: a\n  tags: [x]\n  name: b\n")
        (finding,) = found.findings
        assert (finding.check, finding.level, finding.line) == ("duplicate-key", Level.ERROR, 4)
        assert "line 2" in finding.message
        assert found.declared[0].name == "b"

    def test_a_key_written_twice_can_be_silenced_on_its_line(self):
        assert not read("a: 1\na: 2  # flowlift: ignore[duplicate-key]\n").findings

    def test_broken_yaml_names_the_line(self):
        with pytest.raises(ManifestError, match=r"^prefect.yaml:3: "):
            read("deployments:\n- name: a\n tags: b\n")

    def test_other_encodings_name_the_line(self):
        with pytest.raises(ManifestError, match=r"(?s)^prefect.yaml:2: .*UTF-8: byte 0xe9.*Save"):
            manifest.read(b"name: x\ndescription: caf\xe9\n", "prefect.yaml")
        assert manifest.read("name: é".encode(), "f").data["name"] == "é"
        assert manifest.read(b"\xef\xbb\xbfname: x", "f").data["name"] == "x"

    def test_comments_that_silence_checks(self):
        entry = read(
            "deployments:\n- name: a  # flowlift: ignore[no-pull-step, secret-in-clear]\n"
            "  description: 'no # flowlift: ignored[x]'\n"
            "  tags: [x]  # why # flowlift:ignore[ tags ]\n"
        ).declared[0]
        assert entry.ignored == {
            2: frozenset({"no-pull-step", "secret-in-clear"}),
            4: frozenset({"tags"}),
        }

    def test_five_thousand_deployments(self):
        text = "deployments:\n" + "".join(
            f"- name: d{n}\n  parameters: {{n: {n}}}\n" for n in range(5000)
        )
        found = read(text)
        assert len(found.declared) == 5000
        assert found.declared[-1].position("parameters", "n").line == 10001


class TestSteps:
    """As `prefect deploy` 3.8 decides which steps a deployment gets (cli/deploy/_core.py)."""

    def entry(self, own: str, top: str = f"pull:\n- {CLONE}: {{branch: main}}\n"):
        return read(f"{top}deployments:\n- name: a\n  {own}\n").declared[0]

    def test_those_of_the_top_level_with_their_lines(self):
        entry = self.entry("tags: []")
        assert entry.pull == ({CLONE: {"branch": "main"}},)
        assert entry.position("pull", 0, CLONE, "branch").line == 2

    def test_own_ones_win(self):
        entry = self.entry(f"pull:\n  - {CLONE}:\n      branch: feat")
        assert entry.pull == ({CLONE: {"branch": "feat"}},)
        assert entry.position("pull", 0, CLONE, "branch").line == 7

    def test_a_single_step_needs_no_list(self):
        entry = self.entry(f"pull:\n    {CLONE}: {{branch: feat}}")
        assert entry.pull == ({CLONE: {"branch": "feat"}},)
        assert entry.position("pull", 0, CLONE).line == 6
        assert entry.data["pull"] == {CLONE: {"branch": "feat"}}
        entry = self.entry("tags: []", top=f"pull:\n  {CLONE}: {{branch: main}}\n")
        assert entry.pull == ({CLONE: {"branch": "main"}},)
        assert entry.position("pull", 0, CLONE).line == 2

    @pytest.mark.parametrize(
        ("own", "top", "pull"),
        [
            ("pull: []", "pull: [{a: {}}]\n", ()),
            ("pull:", "pull: [{a: {}}]\n", ({"a": {}},)),
            ("pull: {}", "pull: [{a: {}}]\n", ({"a": {}},)),
            ("tags: []", "pull: []\n", ()),
            ("tags: []", "pull: {}\n", None),
            ("tags: []", "pull:\n", None),
            ("tags: []", "", None),
            ("pull:", "", None),
            ("pull: words", "pull: [{a: {}}]\n", None),
            ("tags: []", "pull: [words, {a: {}}]\n", ({"a": {}},)),
        ],
    )
    def test_no_pull_steps(self, own: str, top: str, pull: object):
        assert self.entry(own, top).pull == pull

    @pytest.mark.parametrize("own", ["build: []", "build:", "build: {}"])
    def test_an_entry_can_say_that_nothing_is_built(self, own: str):
        assert self.entry(own, "build: [{a: {}}]\n").build == ()

    @pytest.mark.parametrize("own", ["push: []", "push:", "tags: []"])
    def test_but_not_that_nothing_is_pushed(self, own: str):
        assert self.entry(own, "push: [{a: {}}]\n").push == ({"a": {}},)


class TestWorkingRoot:
    FILES = ("src/a.py", "pipelines/a/flows/a.py", "pipelines/a/src/a.py", "pipelines/flows/b.py")

    def root(self, *entrypoints: str, file: str = "pipelines/a/prefect.yaml", **roots: str):
        text = "deployments:\n" + "".join(f"- entrypoint: '{e}'\n" for e in entrypoints)
        return manifest.working_root(read(text, file), self.FILES, roots)

    def test_the_repository_for_its_own_manifest(self):
        assert self.root("src/missing.py:f", file="prefect.yaml") == ""

    def test_the_one_folder_in_which_all_exist(self):
        assert self.root("flows/a.py:f", "src/a.py:f") == "pipelines/a"
        assert self.root("flows/b.py:f") == "pipelines"
        assert self.root("./pipelines/a/src/a.py:f") == ""

    def test_several_is_a_warning_that_names_them(self):
        found = self.root("src/a.py:f", "pkg.module:f")
        assert isinstance(found, Finding)
        assert (found.check, found.level) == ("ambiguous-root", Level.WARNING)
        assert found.file == "pipelines/a/prefect.yaml"
        assert "the repository's root, pipelines/a" in found.message
        assert '"pipelines/a/prefect.yaml" = "pipelines/a"' in found.remedy

    def test_the_one_in_which_most_exist_so_that_only_the_missing_are_reported(self):
        assert self.root("flows/a.py:f", "flows/missing.py:f") == "pipelines/a"

    def test_the_repository_where_nothing_tells(self):
        assert self.root("missing.py:f") == ""
        assert self.root("pkg.module:f", "{{ $FILE }}.py:f") == ""
        assert self.root() == ""

    @pytest.mark.parametrize(
        ("folder", "root"), [("pipelines/a", "pipelines/a"), ("./x/", "x"), (".", ""), ("", "")]
    )
    def test_configured_by_a_glob(self, folder: str, root: str):
        assert self.root("src/a.py:f", **{"pipelines/*/prefect.yaml": folder}) == root

    def test_entrypoints_can_be_given_another_root_later(self):
        found = read("deployments:\n- name: a\n").rooted("pipelines/a")
        assert found.declared[0].root == "pipelines/a"
