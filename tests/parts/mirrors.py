"""A mirror of releases on this machine: real Helm binaries, and what stands in for K3s.

K3s's own binary is not to be had here. A shell script stands in for it: it tells a version as
`k3s --version` does, and answers `kubectl get --raw /readyz`. Another stands in for its install
script: it writes down the variables it was called with, and makes a service's file. A third stands
in for systemctl.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from flowlift.worker.host.releases import ARCHITECTURES

ARCHITECTURE = ARCHITECTURES[os.uname().machine]
K3S_NAME = {"amd64": "k3s", "arm64": "k3s-arm64", "arm": "k3s-armhf"}[ARCHITECTURE]

STAND_IN_K3S = """#!/bin/sh
if [ "$1" = --version ]; then
    echo "k3s version {version} (0123456)"
    echo "go version go1.24.5"
elif [ -e "{answers}" ]; then
    echo ok
else
    echo "The connection to the server 127.0.0.1:6443 was refused" >&2
    exit 1
fi
"""
STAND_IN_SCRIPT = """#!/bin/sh
set -e
env | grep -E '^(INSTALL_|FLOWLIFT_|PREFECT_)' | sort > "{log}"
test -x "$INSTALL_K3S_BIN_DIR/k3s"
mkdir -p "$INSTALL_K3S_SYSTEMD_DIR"
echo "ExecStart=$INSTALL_K3S_BIN_DIR/k3s server" > "$INSTALL_K3S_SYSTEMD_DIR/k3s.service"
{more}
touch "{answers}"
"""
STAND_IN_SYSTEMCTL = """#!/bin/sh
echo "$@" >> "{log}"
touch "{answers}"
"""


@dataclass
class Mirror:
    """A folder that is served, and what was asked of it.

    `breaks` is after how many bytes the next answers end, each once. `resumes` says whether it
    understands ranges.
    """

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    resumes: bool = True

    def put(self, path: str, content: bytes) -> str:
        """Serve `content` at `path`; its SHA-256."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def put_helm(self, version: str, binary: Path) -> str:
        """Helm's archive of a version, packed as its releases are, with its sum."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
            archive.add(binary.resolve(), f"linux-{ARCHITECTURE}/helm")
        name = f"helm-{version}-linux-{ARCHITECTURE}.tar.gz"
        sha256 = self.put(name, packed.getvalue())
        self.put(f"{name}.sha256sum", f"{sha256}  {name}\n".encode())
        return sha256

    def put_k3s(self, version: str, answers: Path, log: Path, more: str = "") -> str:
        """What stands in for a version of K3s and its install script, with their sums."""
        script = STAND_IN_SCRIPT.format(log=log, answers=answers, more=more).encode()
        sha256 = self.put(f"{version}/install.sh", script)
        self.put(f"{version}/install.sh.sha256sum", f"{sha256}  install.sh\n".encode())
        program = STAND_IN_K3S.format(version=version, answers=answers).encode()
        sha256 = self.put(f"{version}/{K3S_NAME}", program)
        sums = f"{'0' * 64}  k3s-airgap-images.tar\n{sha256}  {K3S_NAME}\n"
        self.put(f"{version}/sha256sum-{ARCHITECTURE}.txt", sums.encode())
        return sha256


@contextmanager
def serve(folder: Path) -> Iterator[Mirror]:
    """Serve a mirror until the end."""
    folder.mkdir(parents=True, exist_ok=True)
    mirror = Mirror(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path.partition("?")[0]).lstrip("/")
            said = self.headers.get("Range", "")
            mirror.asked.append(f"{path} {said}".strip())
            file = mirror.folder / path
            if not file.is_file():
                self.send_error(404)
                return
            content = file.read_bytes()
            begin = 0
            if said and mirror.resumes:
                begin = int(said.removeprefix("bytes=").partition("-")[0])
                if begin >= len(content):
                    self.send_error(416)
                    return
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(content) - begin))
            self.end_headers()
            end = begin + mirror.breaks.pop(0) if mirror.breaks and len(content) > 10_000 else None
            self.wfile.write(content[begin:end])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests look at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_port}"
    # The number is how often it looks whether it is to end: that is what its end takes.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
