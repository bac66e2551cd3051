# ruff: noqa: E501 - lines of SVG stay whole
"""`flowlift demo` as it ran, filmed: its real output scrolls by, without the time that it waited."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS, ROWS = 100, 34
CHARACTER, LINE = 12.2, 24.4
"""What rich makes of a character's width and a line's height, in pixels."""

MARGIN, CHROME = 22, 46

THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
)

FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
 aria-label="flowlift demo in a terminal">
<style>
text {{ font: 20px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre }}
.{unique_id}-title {{ font-family: -apple-system, 'Segoe UI', Arial, sans-serif; font-size: 18px }}
{styles}
@@style
</style>
<defs><clipPath id="screen"><rect width="{terminal_width}" height="@@room"/></clipPath>{lines}</defs>
<rect x="1" y="1" width="@@width" height="@@height" rx="10" fill="#161b22" stroke="#484f58"/>
<circle cx="26" cy="24" r="7" fill="#ff7b72"/><circle cx="50" cy="24" r="7" fill="#d29922"/>
<circle cx="74" cy="24" r="7" fill="#3fb950"/>
<text class="{unique_id}-title" x="50%" y="30" text-anchor="middle" fill="#8b949e">flowlift demo</text>
<g transform="translate(@@margin, @@chrome)" clip-path="url(#screen)">
<g id="film">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
<rect id="unwritten" width="{terminal_width}" height="@@room" fill="#161b22"/></g></g>
</svg>
"""


def record() -> list[str]:
    """Run the demo; what it prints, line by line, in colour.

    Raises:
        subprocess.CalledProcessError: the demo failed.
    """
    command = [str(Path(sys.executable).with_name("flowlift")), "demo"]
    environ = os.environ | {"COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def film(lines: Sequence[str]) -> str:
    """The lines as an SVG that plays them again and again, on a screen of `ROWS` rows.

    Where nothing may move (`prefers-reduced-motion`), it shows the end.
    """
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    for line in lines:
        console.print(Text.from_ansi(line, no_wrap=False), highlight=False)
    rows = console.export_text(clear=False).count("\n")
    width, height = COLUMNS * CHARACTER + 2 * MARGIN, ROWS * LINE + CHROME + MARGIN
    values = {
        "@@style": _moves(_times(console.export_text(clear=False).splitlines()), rows),
        "@@room": f"{ROWS * LINE:.1f}",
        "@@width": f"{width - 2:.0f}",
        "@@height": f"{height - 2:.0f}",
        "@@margin": str(MARGIN),
        "@@chrome": str(CHROME),
    }
    text = FORMAT.replace("{width}", f"{width:.0f}").replace("{height}", f"{height:.0f}")
    svg = console.export_svg(theme=THEME, code_format=text, unique_id="demo", clear=False)
    for name, value in values.items():
        svg = svg.replace(name, value)
    return svg


def _times(rows: Sequence[str]) -> list[float]:
    """When each row is written, in seconds, and last when the film begins again.

    So quickly that it is no waiting, with a stop where something new begins that wants reading.
    """
    times, now = [], 0.5
    for row in rows:
        if row.startswith(("──", "step ")):
            now += 2.5
        elif row.startswith("$ flowlift"):
            now += 1.4
        elif row.startswith(("$ ", "  ✓", "Plan:")):
            now += 0.5
        else:
            now += 0.07
        times.append(now)
    return [*times, now + 12]


def _moves(times: Sequence[float], rows: int) -> str:
    """The film's style: what is not written yet is covered, and the screen scrolls at its end."""
    whole = times[-1]
    covers, scrolls = ["0%{transform:none}"], ["0%{transform:none}"]
    for written, at in enumerate(times[:-1], 1):
        share = f"{100 * at / whole:.3f}%"
        covers.append(f"{share}{{transform:translateY({written * LINE:.1f}px)}}")
        if written > ROWS:
            scrolls.append(f"{share}{{transform:translateY({(ROWS - written) * LINE:.1f}px)}}")
    end = f"translateY({(min(ROWS - rows, 0)) * LINE:.1f}px)"
    covers.append(f"100%{{transform:translateY({rows * LINE:.1f}px)}}")
    scrolls.append(f"100%{{transform:{end}}}")
    return (
        f"@keyframes cover{{{''.join(covers)}}}\n@keyframes scroll{{{''.join(scrolls)}}}\n"
        f"#film{{transform:{end};animation:scroll {whole:.1f}s step-end infinite}}\n"
        f"#unwritten{{transform:translateY({rows * LINE:.1f}px);"
        f"animation:cover {whole:.1f}s step-end infinite}}\n"
        "@media(prefers-reduced-motion){#film,#unwritten{animation:none}}"
    )
