"""Versions of K3s and Helm, where they are released, and the checksums that must agree."""

from __future__ import annotations

import pytest

from flowlift.config.worker import Host
from flowlift.errors import InputError, WorkerError
from flowlift.worker.host.releases import (
    expected_sum,
    helm_archive,
    k3s_binary,
    k3s_script,
    pinned,
    read_version,
)

A, B = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("v1.33.4+k3s1", "v1.33.4+k3s2"),
        ("v1.33.4+k3s9", "v1.33.4+k3s10"),
        ("v1.33.9+k3s1", "v1.33.10+k3s1"),
        ("v3.18.4-rc.1", "v3.18.4"),
        ("v3.18.4", "v4.0.0"),
    ],
)
def test_versions_compare_as_releases_do(older: str, newer: str) -> None:
    one, other = read_version(older), read_version(newer)
    assert one is not None
    assert other is not None
    assert one < other


@pytest.mark.parametrize("text", ["latest", "1.2", "v1.2.3+build", "", "3.18.4"])
def test_what_is_no_version_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="no version of helm") as caught:
        pinned(text, "helm")
    assert 'helm = "v3.18.4"' in caught.value.remedy


def test_releases_are_found_at_their_own_address_or_a_mirror() -> None:
    own, mirrored = Host(), Host(mirrors={"k3s": "https://m.example/k3s/", "helm": "https://m"})
    assert helm_archive("v3.18.4", "amd64", own).url == (
        "https://get.helm.sh/helm-v3.18.4-linux-amd64.tar.gz"
    )
    assert helm_archive("v3.18.4", "arm64", mirrored).sums == (
        "https://m/helm-v3.18.4-linux-arm64.tar.gz.sha256sum"
    )
    assert k3s_binary("v1.33.4+k3s1", "arm64", own).url == (
        "https://github.com/k3s-io/k3s/releases/download/v1.33.4%2Bk3s1/k3s-arm64"
    )
    assert k3s_binary("v1.33.4+k3s1", "amd64", mirrored).sums == (
        "https://m.example/k3s/v1.33.4%2Bk3s1/sha256sum-amd64.txt"
    )
    assert k3s_script("v1.33.4+k3s1", own).sums.endswith("/v1.33.4%2Bk3s1/install.sh.sha256sum")


def test_pin_and_release_must_agree() -> None:
    file = k3s_binary("v1.33.4+k3s1", "amd64", Host())

    def said(sha256: str):
        return lambda url: f"{sha256}  k3s\n"

    assert expected_sum(file, Host(), said(A)) == A
    assert expected_sum(file, Host(sha256={"k3s": A.upper()}), said(A)) == A
    assert expected_sum(file, Host(sha256={"k3s": A}), lambda url: None) == A
    with pytest.raises(WorkerError, match="its release says"):
        expected_sum(file, Host(sha256={"k3s": A}), said(B))
    with pytest.raises(WorkerError, match="No checksum"):
        expected_sum(file, Host(), lambda url: None)


def test_a_mirror_without_tls_needs_pins() -> None:
    mirrors = {"k3s": "http://mirror.lan/k3s"}
    file = k3s_binary("v1.33.4+k3s1", "amd64", Host(mirrors=mirrors))
    with pytest.raises(WorkerError, match="without TLS") as caught:
        expected_sum(file, Host(mirrors=mirrors), lambda url: f"{A}  k3s\n")
    assert "sha256" in caught.value.remedy
    pinned_host = Host(mirrors=mirrors, sha256={"k3s": A})
    assert expected_sum(file, pinned_host, lambda url: f"{A}  k3s\n") == A
