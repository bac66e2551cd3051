"""What a user is told when the API refuses, is away, is too old, or is something else."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from flowlift.errors import (
    RefusedError,
    UnreachableError,
    UnsupportedError,
    WorkspaceError,
)
from flowlift.workspace.endpoint import Endpoint
from flowlift.workspace.inventory import read_inventory
from flowlift.workspace.live import read_live
from tests.parts.fake_api import ask, endpoint
from tests.parts.proxy import Answer, Proxy, Request
from tests.parts.servers import Server, create_process_pool
from tests.parts.workspaces import Workspace
from tests.real.conftest import StartServer

pytestmark = pytest.mark.real


def test_a_server_with_a_login(fresh_server: StartServer):
    server = fresh_server({"PREFECT_SERVER_API_AUTH_STRING": "admin:s3cret"})
    with pytest.raises(RefusedError, match="wants a login, and none is given for dev") as error:
        ask(server.url, read_live)
    assert "FLOWLIFT_DEV_API_AUTH_STRING" in error.value.remedy
    with pytest.raises(RefusedError, match="refuses the login of dev") as error:
        ask(endpoint(server.url, auth_string="admin:wr0ng"), read_live)
    assert "wr0ng" not in str(error.value)
    assert ask(endpoint(server.url, auth_string="admin:s3cret"), read_live) == {}

    server.stop()
    with pytest.raises(UnreachableError, match="does not answer"):
        ask(endpoint(server.url, auth_string="admin:s3cret"), read_live)


def test_the_address_of_a_page_is_no_api(prefect_server: Server):
    page = prefect_server.url.removesuffix("/api") + "/deployments"
    with pytest.raises(UnreachableError, match="is not a Prefect API") as error:
        ask(page, read_live)
    assert "ends in /api" in error.value.remedy


def test_a_server_that_is_too_old(prefect_server: Server):
    def older(request: Request) -> Answer | None:
        return Answer(200, "3.3.7") if request.path == "/admin/version" else None

    with (
        Proxy(prefect_server.url, answer=older) as proxy,
        pytest.raises(UnsupportedError, match=r"is Prefect 3\.3\.7; flowlift needs 3\.4"),
    ):
        ask(proxy.url, read_live)


def test_prefect_clouds_addresses_and_keys(workspace: Workspace):
    """Prefect Cloud cannot be had here: its address and key reach a real server by a proxy."""

    def guard(request: Request) -> Answer | None:
        allowed = request.headers.get("authorization") == "Bearer pnu_good"
        return None if allowed else Answer(401, {"detail": "Invalid authentication credentials"})

    with Proxy(workspace.url, answer=guard, at="/api/accounts/a-1/workspaces/w-1") as proxy:
        assert isinstance(ask(endpoint(proxy.url, key="pnu_good"), read_live), dict)
        with pytest.raises(RefusedError, match="refuses the API key of dev") as error:
            ask(endpoint(proxy.url, key="pnu_bad"), read_live)
    assert "FLOWLIFT_DEV_API_KEY" in error.value.remedy
    assert "pnu_bad" not in str(error.value)


def test_what_exists_in_the_workspace_is_found_and_the_rest_is_not(workspace: Workspace):
    server = workspace.server
    pool = create_process_pool(server, workspace.name("pool"))
    server.request("POST", f"/work_pools/{pool}/queues", {"name": "urgent"})
    variable = workspace.name("v").replace("-", "_")
    server.request("POST", "/variables/", {"name": variable, "value": {"a": [1]}})
    kind = server.request("GET", "/block_types/slug/secret")["id"]
    query = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
    schema = server.request("POST", "/block_schemas/filter", query)[0]["id"]
    block = {"name": workspace.name("token"), "data": {"value": "s3cret"}, "block_type_id": kind}
    made = server.request("POST", "/block_documents/", {**block, "block_schema_id": schema})

    with Proxy(workspace.url) as proxy:
        found = ask(
            proxy.url,
            lambda c: read_inventory(
                c,
                pools={pool, "none"},
                variables={variable, "none"},
                blocks={("secret", block["name"]), ("secret", "none"), ("slack-webhook", "none")},
            ),
        )
        assert not proxy.writes
        assert len(proxy.requests) <= 6
    assert found.pools[pool].queues == {"default", "urgent"}
    assert found.pools[pool].type == "process"
    assert "variables" in found.pools[pool].base_job_template
    assert pool in found.pool_names
    assert found.variables == {variable: {"a": [1]}}
    assert found.blocks.keys() == {("secret", block["name"])}
    secret = found.blocks["secret", block["name"]]
    assert (secret.data, secret.is_secret) == ({"value": "s3cret"}, True)
    assert "s3cret" not in repr(found)
    server.request("DELETE", f"/block_documents/{made['id']}")
    server.request("DELETE", f"/variables/name/{variable}")


# A private certificate authority -----------------------------------------------------------


class _Version(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b'"3.8.8"')

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def private(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An https API whose certificate only the file's authority has signed: address and file."""
    authority, certificate = _certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = HTTPServer(("127.0.0.1", 0), _Version)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/api", authority
    server.shutdown()
    server.server_close()
    thread.join()


def _certificates(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509  # noqa: PLC0415 - comes with Prefect, where servers can start
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    now = dt.datetime.now(dt.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Acme CA", "api")
    ]

    def sign(of: int, extension: x509.ExtensionType) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(names[of])
            .issuer_name(names[0])
            .public_key(keys[of].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical=of == 0)
            .sign(keys[0], hashes.SHA256())
        )

    pem = serialization.Encoding.PEM
    authority = folder / "acme.pem"
    authority.write_bytes(sign(0, x509.BasicConstraints(True, None)).public_bytes(pem))
    certificate = folder / "api.pem"
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate.write_bytes(
        keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + sign(1, address).public_bytes(pem)
    )
    return authority, certificate


def test_a_private_authority_is_trusted_where_it_is_given(private: tuple[str, Path]):
    url, authority = private
    with pytest.raises(UnreachableError, match="cannot be trusted") as error:
        ask(url, lambda c: c.server_version())
    assert "SSL_CERT_FILE" in error.value.remedy
    trusting = Endpoint("dev", url, ca_file=str(authority))
    assert ask(trusting, lambda c: c.server_version()) == "3.8.8"


def test_a_certificate_for_another_name_is_told(private: tuple[str, Path]):
    url, authority = private
    other = url.replace("127.0.0.1", "localhost")
    with pytest.raises(WorkspaceError, match="cannot be trusted") as error:
        ask(Endpoint("dev", other, ca_file=str(authority)), lambda c: c.server_version())
    assert "certificate is for another name" in error.value.remedy
