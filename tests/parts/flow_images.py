"""Images with Prefect and a flow, in the registry with a login that nodes pull from."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.parts.images import ACCEPT, Images

IMAGES = "flowlift-worker/flows"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

FLOW = """\
import os
import time

from prefect import flow


@flow(log_prints=True)
def hello(seconds: int = 0):
    print("the image is", os.environ["MARK"])
    time.sleep(seconds)
"""


@dataclass
class FlowImages:
    """Images with Prefect in the registry with a login: each a new digest within 0.1 s.

    What is in the open registry is copied there once, for one platform.
    """

    images: Images
    _base: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.images.login_registry}/{IMAGES}"

    def make(self, tag: str = "") -> str:
        """A new image; its reference by digest."""
        if not self._base:
            self._copy()
            self._add_flow()
        config = json.loads(json.dumps(self._base["config"]))
        config["config"].setdefault("Env", []).append(f"MARK={uuid.uuid4().hex}")
        content = json.dumps(config).encode()
        manifest = {**self._base["manifest"]}
        manifest["config"] = {
            **manifest["config"],
            "digest": self._put_blob(content),
            "size": len(content),
        }
        body = json.dumps(manifest).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        with self._client(login=True) as client:
            for at in (digest, tag or "latest"):
                client.put(
                    f"/v2/{IMAGES}/manifests/{at}",
                    content=body,
                    headers={"Content-Type": manifest.get("mediaType", MANIFEST)},
                ).raise_for_status()
        return f"{self.name}@{digest}"

    def _copy(self) -> None:
        """Copy the image with Prefect to the registry with a login, for linux/amd64."""
        _, _, rest = self.images.prefect.partition("/")
        source, _, tag = rest.rpartition(":")
        with self._client(login=False) as client:
            manifest = self._manifest(client, source, tag)
            for entry in manifest.get("manifests", ()):
                if entry["platform"]["architecture"] == "amd64":
                    manifest = self._manifest(client, source, entry["digest"])
            blobs = f"/v2/{source}/blobs"
            config = client.get(f"{blobs}/{manifest['config']['digest']}").raise_for_status()
            for layer in manifest["layers"]:
                if not self._has(layer["digest"]):
                    content = client.get(f"{blobs}/{layer['digest']}").raise_for_status().content
                    self._put_blob(content)
        self._base = {"manifest": manifest, "config": config.json()}

    def _add_flow(self) -> None:
        """A layer with a flow in /opt/flows."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo("opt/flows/flow.py")
            member.size = len(FLOW)
            archive.addfile(member, io.BytesIO(FLOW.encode()))
        layer = gzip.compress(packed.getvalue(), mtime=0)
        diff = f"sha256:{hashlib.sha256(packed.getvalue()).hexdigest()}"
        manifest, config = self._base["manifest"], self._base["config"]
        kind = manifest["layers"][-1]["mediaType"]
        entry = {"mediaType": kind, "size": len(layer), "digest": self._put_blob(layer)}
        manifest["layers"] = [*manifest["layers"], entry]
        config["rootfs"]["diff_ids"] = [*config["rootfs"]["diff_ids"], diff]
        config.pop("history", None)

    def _manifest(self, client: httpx.Client, name: str, at: str) -> dict[str, Any]:
        answer = client.get(f"/v2/{name}/manifests/{at}", headers={"Accept": ACCEPT})
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    def _has(self, digest: str) -> bool:
        with self._client(login=True) as client:
            return client.head(f"/v2/{IMAGES}/blobs/{digest}").is_success

    def _put_blob(self, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        with self._client(login=True) as client:
            begun = client.post(f"/v2/{IMAGES}/blobs/uploads/").raise_for_status()
            place = httpx.URL(begun.headers["Location"])
            place = place.copy_merge_params({"digest": digest})
            client.put(place, content=content).raise_for_status()
        return digest

    def _client(self, *, login: bool) -> httpx.Client:
        images = self.images
        return httpx.Client(
            base_url=f"http://{images.login_registry if login else images.registry}",
            auth=httpx.BasicAuth(images.user, images.password) if login else None,
            timeout=120,
            trust_env=False,
        )
