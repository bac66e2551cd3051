"""Plans as a team meets them, in the shapes that `plan.diff` writes."""

from __future__ import annotations

from functools import cache
from typing import Any

from flowlift.findings import Action, FieldChange, Finding, Level
from flowlift.plan.model import Change, Kept, Plan, Provenance, Reason

BRANCH = Provenance(
    repository="github.com/acme/shop-data",
    commit="4f2a91c07be1d52f8a6c3e9d0b7f41a2c85e6d13",
    branch="feat/hourly-orders",
    pull_request=128,
)
MAIN = Provenance(
    repository="github.com/acme/shop-data",
    commit="b7c1e02f9d3a4c58e6071b2d8f9a0c3e5d7b1f24",
    branch="main",
)

ORDERS_BEFORE = """Loads the orders of all shops.

Reads the export of yesterday, drops what was returned and writes one partition a day.

Owner: team-shop
"""
ORDERS_AFTER = """Loads the orders of all shops.

Reads the export of the last hour, drops what was returned and writes one partition an hour.

Owner: team-shop
Runbook: wiki/orders
"""
CLONE = "prefect.deployments.steps.git_clone"


def unchanged(count: int, start: int = 0) -> tuple[Change, ...]:
    return tuple(
        Change(action=Action.NONE, deployment=f"report/shop-{number:03d}")
        for number in range(start, start + count)
    )


def field(name: str, before: Any, after: Any, reason: str = "") -> FieldChange:
    return FieldChange(field=name, before=before, after=after, reason=reason)


ORDERS = Change(
    action=Action.UPDATE,
    deployment="load-orders/hourly",
    reasons=(
        Reason(kind="manifest"),
        Reason(kind="source", detail="src/shop/io.py -> src/shop/clean.py -> src/flows/orders.py"),
    ),
    fields=(
        field("description", ORDERS_BEFORE, ORDERS_AFTER, "manifest"),
        field("tags", ["legacy", "shop"], ["shop", "feat/hourly-orders"], "policy"),
        field("parameters.rows", 10, 20, "manifest"),
        field("parameters.window.hours", 24, 1, "manifest"),
        field("parameters.window.overlap", "(absent)", 5, "manifest"),
        field("parameters.dry_run", True, "(absent)", "manifest"),
        field(f"pull_steps[0].{CLONE}.branch", "main", "feat/hourly-orders", "policy"),
        field(
            "parameter_openapi_schema.properties.window",
            "(absent)",
            {"default": {"hours": 1}, "position": 1, "title": "window", "type": "object"},
            "source",
        ),
        field("job_variables.env.DB_PASSWORD", "(hidden)", "(hidden)", "manifest"),
        field(
            "job_variables.image",
            "registry.acme.example/data/flows:1.14.0",
            "(known after build)",
            "manifest",
        ),
        field("schedules.daily.cron", "0 6 * * *", "0 * * * *", "manifest"),
        field("schedules.daily.timezone", "UTC", "Europe/Berlin", "manifest"),
        field("schedules.daily.active", True, False, "policy"),
    ),
    file="prefect.yaml",
    line=42,
)

STOCK = Change(
    action=Action.CREATE,
    deployment="load-stock/nightly",
    reasons=(Reason(kind="new"),),
    fields=(
        field("entrypoint", None, "src/flows/stock.py:load_stock"),
        field("description", None, "Loads what each warehouse holds.\n\nOwner: team-shop\n"),
        field("tags", None, ["shop", "feat/hourly-orders"]),
        field("parameters", None, {"warehouses": ["berlin", "lyon"], "limits": {"rows": 50_000}}),
        field("enforce_parameter_schema", None, True),
        field("paused", None, False),
        field(
            "pull_steps",
            None,
            [
                {
                    CLONE: {
                        "repository": "https://github.com/acme/shop-data.git",
                        "branch": "feat/hourly-orders",
                        "credentials": "{{ prefect.blocks.github-credentials.bot }}",
                        "clone_directory_name": "shop-data-main",
                    }
                }
            ],
        ),
        field("work_pool_name", None, "k8s-dev"),
        field("work_queue_name", None, "default"),
        field("job_variables", None, {"env": {"TZ": "UTC"}, "memory": "2Gi"}),
        field(
            "schedules.nightly",
            None,
            {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin", "active": False},
        ),
        field(
            "schedules.backfill",
            None,
            {"interval": 5400.0, "active": True, "parameters": {"limits": {"rows": 10}}},
        ),
    ),
    file="prefect.yaml",
    line=61,
)

RETURNS = Change(
    action=Action.DELETE,
    deployment="load-returns/daily",
    reasons=(Reason(kind="removed", detail="prefect.yaml no longer declares it"),),
)

PRICES = Change(
    action=Action.NONE,
    deployment="load-prices/daily",
    kept=(
        Kept(
            field="schedules.daily.active",
            live=False,
            desired=True,
            note="paused by hand since the last apply",
        ),
        Kept(
            field="parameters",
            live={"rows": 500, "shop": "all"},
            desired={"rows": 1000, "shop": "all"},
            note="changed by hand since the last apply",
        ),
    ),
    file="pipelines/prices/prefect.yaml",
    line=7,
)

WARNINGS = (
    Finding(
        check="schedule-never-fires",
        level=Level.WARNING,
        message="The cron '0 0 31 2 *' never fires: no February has 31 days.",
        remedy="Write '0 0 28 2 *', or take the schedule out.",
        file="prefect.yaml",
        line=66,
        deployment="load-stock/nightly",
    ),
    *(
        Finding(
            check="queue-missing",
            level=Level.WARNING,
            message="The work pool 'k8s-dev' has no queue 'bulk': runs will wait for ever.",
            remedy="Make it with `prefect work-queue create bulk --pool k8s-dev`.",
            file="prefect.yaml",
            line=line,
            deployment=f"report/shop-{line:03d}",
        )
        for line in (80, 91, 102, 113, 124)
    ),
)

ERRORS = (
    Finding(
        check="timezone-unknown",
        level=Level.ERROR,
        message="No timezone is called 'Europe/Berlim'.",
        remedy="Write 'Europe/Berlin'.",
        file="prefect.yaml",
        line=67,
        deployment="load-stock/nightly",
    ),
    Finding(
        check="pool-missing",
        level=Level.ERROR,
        message="The workspace has no work pool 'k8s-dve', and load-orders/hourly wants it.",
        remedy="Write 'k8s-dev', or make it:\nprefect work-pool create k8s-dve --type kubernetes",
        file="prefect.yaml",
        line=49,
        deployment="load-orders/hourly",
    ),
)


def pull_request() -> Plan:
    """A branch's plan for DEV: one of everything, with warnings."""
    return Plan(
        environment="dev",
        workspace="http://127.0.0.1:4200",
        scope="changed since b7c1e02",
        provenance=BRANCH,
        changes=(ORDERS, STOCK, RETURNS, PRICES, *unchanged(3)),
        findings=WARNINGS,
        out_of_scope=41,
    )


def merge() -> Plan:
    """What the merge will change in PROD."""
    orders = ORDERS.model_copy(
        update={
            "fields": tuple(
                f for f in ORDERS.fields if f.reason != "policy" and "schedules" not in f.field
            ),
            "reasons": ORDERS.reasons[:1],
        }
    )
    return Plan(
        environment="prod",
        workspace="https://app.prefect.cloud/account/1f0c/workspace/77ab",
        scope="all",
        provenance=MAIN,
        changes=(orders, STOCK, RETURNS, *unchanged(46)),
    )


def broken() -> Plan:
    """A plan with errors: nothing of it will be written."""
    return pull_request().model_copy(update={"findings": (*WARNINGS, *ERRORS)})


def changing(names: list[str], *, environment: str = "dev", branch: str = "feat/a") -> Plan:
    """A branch that changes the source of these deployments, with findings about the first."""
    return Plan(
        environment=environment,
        scope="changed",
        provenance=Provenance(repository="acme/platform", commit="c" * 40, branch=branch),
        changes=tuple(
            Change(
                action=Action.UPDATE,
                deployment=name,
                reasons=(Reason(kind="source", detail=f"src/{name}.py"),),
                file="prefect.yaml",
                line=number,
            )
            for number, name in enumerate(names, 1)
        ),
        findings=tuple(
            Finding(check="schedule", level=Level.WARNING, message=f"See '{name}'.", file=name)
            for name in names[:3]
        ),
    )


def nothing_to_do() -> Plan:
    return Plan(
        environment="dev",
        workspace="http://127.0.0.1:4200",
        scope="all",
        provenance=MAIN,
        changes=unchanged(50),
    )


def same_change(count: int) -> Plan:
    """A branch that moves the code of every deployment in the same way."""
    fields = (
        field(f"pull_steps[0].{CLONE}.branch", "main", "feat/hourly-orders", "policy"),
        field("tags", ["shop"], ["shop", "feat/hourly-orders"], "policy"),
    )
    changes = tuple(
        Change(
            action=Action.UPDATE,
            deployment=f"report/shop-{number:03d}",
            reasons=(Reason(kind="source", detail="src/shop/report.py"),),
            fields=fields,
            file="prefect.yaml",
            line=100 + number * 12,
        )
        for number in range(count)
    )
    return Plan(
        environment="dev", scope="changed since b7c1e02", provenance=BRANCH, changes=changes
    )


@cache
def large(count: int, environment: str = "prod") -> Plan:
    """`count` changes that all differ: a tenth new, a tenth gone, the rest altered."""
    changes = []
    for number in range(count):
        name = f"flow-{number:04d}/daily"
        if number % 10 == 0:
            change = STOCK.model_copy(update={"deployment": name, "line": number})
            change = change.model_copy(
                update={"fields": (*change.fields, field("version", None, str(number)))}
            )
        elif number % 10 == 1:
            change = RETURNS.model_copy(
                update={
                    "deployment": name,
                    "reasons": (Reason(kind="removed", detail=f"by commit {number:07x}"),),
                }
            )
        else:
            more = (field("parameters.seed", number, number + 1, "manifest"),)
            change = ORDERS.model_copy(
                update={"deployment": name, "fields": ORDERS.fields + more, "line": number}
            )
        changes.append(change)
    return Plan(
        environment=environment,
        workspace="https://app.prefect.cloud/account/1f0c/workspace/77ab",
        scope="all",
        provenance=MAIN,
        changes=tuple(changes),
        findings=(*WARNINGS, *ERRORS),
    )


HOSTILE = (
    "</details><script>alert(1)</script>",
    "`code` and ``more``",
    "a|b\\|c",
    "@acme/security please",
    "[x](javascript:alert(1)) ![y](http://evil.example/p.png)",
    "#1 GH-2 acme/shop#3 !4 ~5",
    "line\n\n# heading\n/close\n- [ ] item",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07\x08\x08\r\x9b2J",
    "right\u202eto\u202cleft\u200bzero",
    "<!-- flowlift:plan -->",
    "**bold** _it_ ~~gone~~ :tada: https://evil.example www.evil.example m@evil.example",
    "&lt;b&gt; &#64;root &amp;",
    "\\\\server\\share\\`",
    "   spaces   ",
    "$(touch /tmp/x) {{ 7*7 }} ${{ secrets.X }}",
    "\u65e5\u672c\u8a9e \U0001f389 e\u0301",
    "\udcff lone",
)


def hostile(text: str) -> Plan:
    """A plan in which everything that a stranger can name is named `text`."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    change = Change(
        action=Action.UPDATE,
        deployment=f"{clean}/{clean}",
        reasons=(Reason(kind="source", detail=clean),),
        fields=(
            field(f"parameters.{clean}", text, text + "2", clean),
            field("parameters.nested", None, {text: {text: [text]}}),
            field("description", f"{text}\nsecond", f"{text}\nother"),
            field("tags", [text], ["tag"]),
            field(f"schedules.{clean}", None, {"cron": text, "timezone": text, "active": True}),
        ),
        kept=(Kept(field=f"parameters.{clean}", live=text, desired=1, note=clean),),
        file=clean,
        line=3,
    )
    finding = Finding(
        check="check",
        level=Level.ERROR,
        message=clean,
        remedy=clean,
        file=clean,
        line=3,
        deployment=clean,
    )
    return Plan(
        environment="dev",
        workspace=f"http://host/{clean}",
        scope=clean,
        provenance=Provenance(repository=clean, commit="4f2a91c", branch=clean),
        changes=(
            change,
            change.model_copy(update={"action": Action.NONE, "deployment": f"other/{clean}"}),
            change.model_copy(update={"action": Action.DELETE, "fields": (), "kept": ()}),
        ),
        findings=(finding,),
    )
