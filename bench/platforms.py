"""Platform repositories of a given size, for measuring."""

from __future__ import annotations

import subprocess
from pathlib import Path

FLOWS = 10
"""Entrypoints that the deployments of a small platform share."""


def git(root: Path, *arguments: str) -> None:
    """Run git in `root`, as an author of its own."""
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def make(folder: Path, deployments: int) -> Path:
    """A platform with `deployments` deployments over a few flows, pushed to a bare remote."""
    root, remote = folder / "platform", folder / "platform.git"
    root.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "-b", "main", str(remote))
    git(root, "init", "--quiet", "-b", "main")
    git(root, "remote", "add", "origin", str(remote))
    flows = root / "src" / "flows"
    flows.mkdir(parents=True)
    for number in range(FLOWS):
        (flows / f"f{number}.py").write_text(
            "from prefect import flow\n\n\n"
            f"@flow\ndef flow_{number}(rows: int = 1, source: str = 'orders'):\n"
            '    """Load rows."""\n'
        )
    (root / "flowlift.toml").write_text(
        '[env.prod]\nref = "default"\nschedules = "on"\n[env.dev]\nref = "branch"\n'
        'schedules = "off"\n'
    )
    write_manifest(root, remote, deployments)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "begin")
    git(root, "push", "--quiet", "-u", "origin", "main")
    return root


def write_manifest(
    root: Path, remote: Path | str, deployments: int, changed: dict[int, int] | None = None
) -> None:
    """The manifest; the deployments numbered in `changed` load so many rows instead."""
    lines = [
        "pull:",
        "  - prefect.deployments.steps.git_clone:",
        f"      repository: {remote}",
        "      branch: main",
        "definitions:",
        "  schedules: &daily",
        '    - {cron: "0 6 * * *", timezone: Europe/Berlin}',
        "deployments:",
    ]
    for number in range(deployments):
        rows = (changed or {}).get(number, number)
        lines += [
            f"  - name: d{number}",
            f"    entrypoint: src/flows/f{number % FLOWS}.py:flow_{number % FLOWS}",
            f"    parameters: {{rows: {rows}}}",
            "    tags: [bench]",
            "    schedules: *daily",
            "    work_pool: {name: bench}",
        ]
    (root / "prefect.yaml").write_text("\n".join(lines) + "\n")


def make_wide(folder: Path, deployments: int = 1000, files: int = 5000) -> Path:
    """A platform with many deployments over many modules that import each other, on a branch."""
    root = make(folder, 1)
    packages, modules = 200, files // 200
    for package in range(packages):
        home = root / "src" / f"p{package}"
        home.mkdir()
        (home / "__init__.py").write_text("")
        for module in range(modules - 2):
            imports = "\n".join(
                f"from p{(package * 7 + step) % max(package, 1)}.m{(module + step) % (modules - 2)}"
                " import work"
                for step in range(5 if package else 0)
            )
            body = "\n\ndef work(x: int) -> int:\n    return x\n" + "# padding\n" * 40
            (home / f"m{module}.py").write_text(imports + body)
        (home / "job.py").write_text(
            f"from prefect import flow\nfrom p{package}.m1 import work\n\n\n"
            f"@flow\ndef job_{package}(rows: int = 1):\n    return work(rows)\n"
        )
    lines = ["pull: []", "deployments:"]
    for number in range(deployments):
        package = number % packages
        lines += [
            f"  - name: d{number}",
            f"    entrypoint: src/p{package}/job.py:job_{package}",
            f"    parameters: {{rows: {number}}}",
            '    schedules: [{cron: "0 6 * * *", timezone: UTC}]',
            "    work_pool: {name: bench}",
        ]
    (root / "prefect.yaml").write_text("\n".join(lines) + "\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "wide")
    git(root, "push", "--quiet")
    git(root, "switch", "--quiet", "-c", "feat/one")
    with (root / "src" / "p199" / "m1.py").open("a") as file:
        file.write("CHANGED = 1\n")
    git(root, "commit", "--quiet", "-am", "change one file")
    git(root, "push", "--quiet", "-u", "origin", "feat/one")
    return root
