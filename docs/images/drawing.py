"""The picture of the flow: which code DEV and PROD run while a change is on its way."""

from __future__ import annotations

from html import escape

WIDTH, HEIGHT = 1040, 392
LEFT, RIGHT = 96, 1016
DEV, BRANCH, MAIN, PROD = 56, 158, 234, 336
"""The middle of each lane, from top to bottom."""

OPENED, APPLIED, VERIFIED, MERGED, SYNCED = 180, 330, 500, 660, 850
"""When things happen, from left to right."""

BAR = 44

LIGHT = {
    "page": "#ffffff",
    "edge": "#d1d9e0",
    "text": "#1f2328",
    "quiet": "#59636e",
    "rest": "#eef1f4",
    "branch": "#8250df",
    "branch-fill": "#f3ecff",
    "main": "#0969da",
    "prod": "#1a7f37",
    "prod-fill": "#e3f6e8",
}
DARK = {
    "page": "#0d1117",
    "edge": "#3d444d",
    "text": "#f0f6fc",
    "quiet": "#9198a1",
    "rest": "#1d242d",
    "branch": "#b083f0",
    "branch-fill": "#271c3d",
    "main": "#58a6ff",
    "prod": "#3fb950",
    "prod-fill": "#12291a",
}

TITLE = "The life of a change"
STORY = (
    "A pull request's branch runs in DEV, unscheduled, and is verified there. After the merge PROD"
    " runs main, scheduled, and DEV goes back to main."
)


def picture() -> str:
    """The picture as SVG. Its page is opaque, so that it can be read wherever it stands."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-labelledby="title story">',
        f'<title id="title">{escape(TITLE)}</title>',
        f'<desc id="story">{escape(STORY)}</desc>',
        f"<style>{_style()}</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7"'
        ' markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker></defs>',
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10"/>',
        *_lanes(),
        *_git(),
        *_arrows(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _style() -> str:
    def colours(palette: dict[str, str]) -> str:
        return "svg{" + "".join(f"--{name}:{value};" for name, value in palette.items()) + "}"

    return (
        colours(LIGHT)
        + f"@media(prefers-color-scheme:dark){{{colours(DARK)}}}"
        + "text{font:14px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:var(--text)}"
        ".name{font-size:18px;font-weight:600}"
        ".quiet{fill:var(--quiet)}"
        ".code{font:600 13.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
        ".on-branch{fill:var(--branch)}.on-main{fill:var(--main)}.on-prod{fill:var(--prod)}"
        ".page{fill:var(--page);stroke:var(--edge)}"
        ".rest{fill:var(--rest);stroke:var(--edge)}"
        ".testing{fill:var(--branch-fill);stroke:var(--branch);stroke-width:1.5}"
        ".live{fill:var(--prod-fill);stroke:var(--prod);stroke-width:1.5}"
        ".line{fill:none;stroke-width:3;stroke-linecap:round}"
        ".line.on-branch{stroke:var(--branch);fill:none}.line.on-main{stroke:var(--main);fill:none}"
        ".dot{stroke:var(--page);stroke-width:2}"
        ".arrow{fill:none;stroke:var(--quiet);stroke-width:2}marker path{fill:var(--quiet)}"
        ".clock{fill:none;stroke-width:1.7;stroke-linecap:round}"
        ".clock.ticks{stroke:var(--prod)}.clock.stands{stroke:var(--quiet)}"
    )


def _lanes() -> list[str]:
    return [
        _text(24, DEV + 6, "DEV", "name"),
        _bar(LEFT, APPLIED, DEV, "rest", "main", scheduled=False),
        _bar(APPLIED, SYNCED, DEV, "testing", "your branch", scheduled=False),
        _bar(SYNCED, RIGHT, DEV, "rest", "main", scheduled=False),
        _text(24, PROD + 6, "PROD", "name"),
        _bar(LEFT, MERGED, PROD, "rest", "main", scheduled=True),
        _bar(MERGED, RIGHT, PROD, "live", "main, with your change", scheduled=True),
    ]


def _git() -> list[str]:
    leaves, joins = OPENED + 56, MERGED - 56
    branch = (
        f"M{OPENED} {MAIN}C{OPENED + 36} {MAIN} {leaves - 36} {BRANCH} {leaves} {BRANCH}"
        f"H{joins}C{joins + 36} {BRANCH} {MERGED - 36} {MAIN} {MERGED} {MAIN}"
    )
    return [
        _text(24, (BRANCH + MAIN) / 2 + 6, "git", "name"),
        f'<path class="line on-main" d="M{LEFT} {MAIN}H{RIGHT}"/>',
        f'<path class="line on-branch" d="{branch}"/>',
        *(_dot(x, MAIN, "on-main") for x in (LEFT + 30, OPENED, MERGED)),
        *(_dot(x, BRANCH, "on-branch") for x in (leaves + 14, APPLIED)),
        _text(APPLIED + 18, BRANCH + 23, "pull request", "quiet"),
        _text(MERGED + 2, MAIN - 16, "merge", "quiet"),
        _text(LEFT + 4, MAIN + 25, "main", "on-main"),
    ]


def _arrows() -> list[str]:
    top, bottom = DEV + BAR / 2 + 6, PROD - BAR / 2 - 6
    command, words = DEV + 58, DEV + 76
    return [
        _arrow(APPLIED, BRANCH - 10, top),
        _text(APPLIED + 12, command, "flowlift apply dev", "code"),
        _text(APPLIED - 12, command, "flowlift plan dev", "code", "end"),
        _text(APPLIED - 12, words, "what changes, and why", "quiet", "end"),
        _text(VERIFIED + 12, command, "flowlift verify dev", "code"),
        _text(VERIFIED + 12, words, "runs it there, and waits", "quiet"),
        _arrow(MERGED, MAIN + 10, bottom),
        _text(MERGED + 12, PROD - 48, "flowlift apply prod", "code"),
        _text(MERGED - 12, PROD - 48, "what differs is written, nothing else", "quiet", "end"),
        _arrow(SYNCED, MAIN - 4, top),
        _text(SYNCED + 12, command, "flowlift sync dev", "code"),
        _text(SYNCED + 12, words, "the branch is gone", "quiet"),
    ]


def _bar(start: float, end: float, middle: float, kind: str, code: str, *, scheduled: bool) -> str:
    """What runs in an environment for a while, and whether its schedules are on."""
    x, y = start + 3, middle - BAR / 2
    words = "scheduled" if scheduled else "unscheduled"
    ink = {"testing": "on-branch", "live": "on-prod"}.get(kind, "")
    # The last bar of DEV is too short for two words beside each other.
    narrow = end - start < 200
    texts = (
        _text(x + 40, middle - 3, code, f"code {ink}") + _text(x + 40, middle + 14, words, "quiet")
        if narrow
        else _text(x + 40, middle + 5, code, f"code {ink}")
        + _text(end - 17, middle + 5, words, "quiet", "end")
    )
    return (
        f'<rect class="{kind}" x="{x}" y="{y}" width="{end - start - 6}" height="{BAR}" rx="8"/>'
        + _clock(x + 21, middle, ticks=scheduled)
        + texts
    )


def _clock(x: float, y: float, *, ticks: bool) -> str:
    strike = "" if ticks else f"M{x - 9} {y + 9}L{x + 9} {y - 9}"
    return (
        f'<path class="clock {"ticks" if ticks else "stands"}" d="M{x - 8} {y}a8 8 0 1 0 16 0'
        f'a8 8 0 1 0 -16 0M{x} {y - 4.5}V{y}L{x + 3.5} {y + 2}{strike}"/>'
    )


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{placed}>{escape(words)}</text>'


def _dot(x: float, y: float, kind: str) -> str:
    return f'<circle class="dot {kind}" cx="{x:g}" cy="{y:g}" r="7"/>'


def _arrow(x: float, start: float, end: float) -> str:
    return f'<path class="arrow" marker-end="url(#tip)" d="M{x:g} {start:g}V{end:g}"/>'
