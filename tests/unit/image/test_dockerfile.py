"""What a Dockerfile says about base images and files that are copied in."""

from __future__ import annotations

import pytest

from flowlift.image.dockerfile import Dockerfile, UnclearError, instructions, parse


def bases(text: str, target: str | None = None, platform: str = "linux/amd64", **args: str):
    return [(b.text, b.line) for b in parse(text).bases(target, args, platform)]


def copies(text: str, target: str | None = None):
    found: Dockerfile = parse(text)
    return [c for stage in found.needed(target, {}, "linux/amd64") for c in stage.copies]


def test_each_image_from_outside_is_found_with_its_line() -> None:
    text = (
        "# syntax=docker/dockerfile:1\n"
        "FROM ghcr.io/astral-sh/uv:0.9 AS uv\n"
        "FROM python:3.12-slim AS build\n"
        "COPY --from=uv /uv /bin/uv\n"
        "COPY --from=busybox:1 /bin/sh /bin/sh\n"
        "RUN --mount=type=bind,from=alpine:3,target=/a,source=/etc ls /a\n"
        "FROM build\n"
    )
    assert bases(text) == [
        ("ghcr.io/astral-sh/uv:0.9", 2),
        ("python:3.12-slim", 3),
        ("busybox:1", 5),
        ("alpine:3", 6),
    ]


def test_stages_that_the_target_does_not_need_are_left_out() -> None:
    text = "FROM a AS one\nFROM b AS two\nFROM one\nCOPY --from=0 /x /y\n"
    assert bases(text) == [("a", 1)]
    assert bases(text, target="TWO") == [("b", 2)]


def test_scratch_is_no_image() -> None:
    assert bases("FROM scratch\nCOPY a /a\n") == []


def test_a_stage_may_be_called_like_the_image_it_starts_from() -> None:
    assert bases("FROM node AS node\nFROM node\n") == [("node", 1)]


def test_arguments_are_replaced_as_the_builder_replaces_them() -> None:
    text = (
        "ARG VERSION=3.12\nARG KIND=slim\nARG IMAGE=python:${VERSION}-${KIND}\nARG EMPTY\n"
        "FROM ${IMAGE}\nFROM ${EMPTY:-alpine}:${EMPTY:-3}\nCOPY --from=0 /a /a\n"
    )
    assert bases(text) == [("python:3.12-slim", 5), ("alpine:3", 6)]
    assert bases(text, VERSION="3.13")[0] == ("python:3.13-slim", 5)
    assert bases("ARG A=x\nFROM a${A:+b}${NONE:+c}\n") == [("ab", 2)]


def test_the_platform_may_be_part_of_a_name() -> None:
    text = "FROM --platform=$BUILDPLATFORM base-${TARGETARCH}:1\n"
    assert bases(text, platform="linux/arm64") == [("base-arm64:1", 1)]


@pytest.mark.parametrize("name", ["$NOBODY/x", "${NOBODY}", "${VERSION%.*}", "x-$BUILDARCH"])
def test_what_only_the_builder_knows_is_unclear(name: str) -> None:
    with pytest.raises(UnclearError, match="line 2"):
        bases(f"ARG VERSION=1\nFROM {name}\n")


def test_an_unclear_stage_that_nobody_needs_does_not_matter() -> None:
    assert bases("FROM $NOBODY AS other\nFROM a\n") == [("a", 2)]


def test_a_stage_may_be_named_by_an_argument() -> None:
    assert bases("ARG BASE=own\nFROM a AS own\nFROM ${BASE}\n") == [("a", 2)]


def test_copied_files_are_found_in_every_form() -> None:
    text = (
        "FROM a\n"
        "COPY pyproject.toml uv.lock ./\n"
        'ADD ["a b.txt", "/x"]\n'
        "COPY --chown=1000:1000 --link src/ /app/\n"
        "RUN --mount=type=bind,source=conf,target=/c --mount=type=cache,target=/k true\n"
        "COPY <<EOF /etc/motd\nCOPY not-this /x\nEOF\n"
        "ADD https://example.com/x.tar.gz /x\n"
        "ADD --checksum=sha256:1 https://example.com/y /y\n"
    )
    assert [(c.sources, c.line) for c in copies(text)] == [
        (("pyproject.toml", "uv.lock"), 2),
        (("a b.txt",), 3),
        (("src/",), 4),
        (("conf",), 5),
    ]


def test_a_mount_of_the_whole_context_copies_all_of_it() -> None:
    text = "FROM a\nRUN --mount=target=/src make\n"
    assert [c.sources for c in copies(text)] == [(".",)]


def test_continued_lines_comments_and_heredocs_keep_their_lines() -> None:
    text = (
        "FROM a\n"
        "RUN one \\\n"
        "  # a comment in between\n"
        "\n"
        "  && two\n"
        "RUN <<-'END' bash\n"
        "FROM not-this\n"
        "\tEND\n"
        "COPY x /x\n"
    )
    found = [(i.name, i.line) for i in instructions(text)]
    assert found == [("FROM", 1), ("RUN", 2), ("RUN", 6), ("COPY", 9)]
    assert bases(text) == [("a", 1)]


def test_another_character_may_continue_lines() -> None:
    text = "# escape=`\nFROM a\nRUN dir `\n  c:\\\nCOPY x y\n"
    assert [i.name for i in instructions(text)] == ["FROM", "RUN", "COPY"]


def test_a_shift_in_shell_is_no_heredoc() -> None:
    text = "FROM a\nRUN echo $((1 << 2)) <<<word\nCOPY x /x\n"
    assert [c.sources for c in copies(text)] == [("x",)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "RUN x\n", "FROM\n", "ARG\n", 'COPY ["x\n'])
def test_a_broken_file_is_left_to_the_builder(text: str) -> None:
    assert bases(text) == []
