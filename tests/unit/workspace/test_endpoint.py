"""Where an environment's API is found, in which order, and what is said where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.config import Environment, Settings
from flowlift.errors import ConfigError, EndpointError
from flowlift.workspace.endpoint import Endpoint, resolve

ONE = Settings(env={"prod": Environment()})
TWO = Settings()
PROFILES = """
active = "dev"

[profiles.dev]
PREFECT_API_URL = "https://api.prefect.cloud/api/accounts/A/workspaces/W"
PREFECT_API_KEY = "pnu_from_profile"

[profiles.own]
PREFECT_API_URL = "https://prefect.example.com/api/"
PREFECT_API_AUTH_STRING = "admin:pass"
PREFECT_UI_URL = "https://ui.example.com/"

[profiles.empty]
PREFECT_LOGGING_LEVEL = "DEBUG"
"""


def with_profile(name: str) -> Settings:
    return Settings(env={"dev": Environment(profile=name), "prod": Environment()})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text(PROFILES, encoding="utf-8")
    return tmp_path


def test_the_environments_own_variables_come_first(home: Path):
    environ = {
        "FLOWLIFT_DEV_API_URL": " https://dev.example.com/api/ ",
        "FLOWLIFT_DEV_API_KEY": "pnu_own",
        "FLOWLIFT_PROD_API_KEY": "pnu_other",
        "PREFECT_API_URL": "https://shared.example.com/api",
    }
    endpoint = resolve("dev", with_profile("own"), environ, home)
    assert endpoint.url == "https://dev.example.com/api"
    assert (endpoint.key, endpoint.auth_string) == ("pnu_own", None)
    assert endpoint.source == "FLOWLIFT_DEV_API_URL"


def test_a_dash_in_the_name_is_an_underscore_in_the_variable(tmp_path: Path):
    settings = Settings(env={"eu-prod": Environment(), "dev": Environment()})
    environ = {
        "FLOWLIFT_EU_PROD_API_URL": "http://h/api",
        "FLOWLIFT_EU_PROD_API_AUTH_STRING": "a:b",
    }
    assert resolve("eu-prod", settings, environ, tmp_path).auth_string == "a:b"


def test_a_profile_gives_address_and_login(home: Path):
    endpoint = resolve("dev", with_profile("own"), {}, home)
    assert endpoint.url == "https://prefect.example.com/api"
    assert endpoint.auth_string == "admin:pass"
    assert endpoint.flow_run_url("x") == "https://ui.example.com/runs/flow-run/x"


def test_a_key_from_ci_completes_a_profile(home: Path):
    environ = {"FLOWLIFT_DEV_API_KEY": "pnu_ci"}
    assert resolve("dev", with_profile("dev"), environ, home).key == "pnu_ci"


def test_prefects_own_places_for_profiles_are_looked_at(tmp_path: Path):
    file = tmp_path / "else.toml"
    file.write_text(PROFILES, encoding="utf-8")
    named = {"PREFECT_PROFILES_PATH": str(file)}
    assert resolve("dev", with_profile("dev"), named, tmp_path).key == "pnu_from_profile"
    (tmp_path / "h").mkdir()
    file.rename(tmp_path / "h" / "profiles.toml")
    in_home = {"PREFECT_HOME": "~/h"}
    assert resolve("dev", with_profile("dev"), in_home, tmp_path).key == "pnu_from_profile"


def test_prefects_variables_serve_where_there_is_one_environment(tmp_path: Path):
    environ = {"PREFECT_API_URL": "http://127.0.0.1:4200/api", "PREFECT_API_KEY": "k"}
    endpoint = resolve("prod", ONE, environ, tmp_path)
    assert (endpoint.url, endpoint.key) == ("http://127.0.0.1:4200/api", "k")
    assert endpoint.flow_run_url("r") == "http://127.0.0.1:4200/runs/flow-run/r"


def test_with_several_environments_prefects_variables_could_mean_any(tmp_path: Path):
    with pytest.raises(EndpointError) as error:
        resolve("prod", TWO, {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}, tmp_path)
    assert "FLOWLIFT_PROD_API_URL" in error.value.remedy
    assert "could mean any" in error.value.remedy


def test_a_variable_that_ci_left_empty_is_told(tmp_path: Path):
    with pytest.raises(EndpointError, match="FLOWLIFT_DEV_API_URL is set, but empty"):
        resolve("dev", TWO, {"FLOWLIFT_DEV_API_URL": ""}, tmp_path)


def test_an_unknown_environment_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="prod"):
        resolve("prd", TWO, {}, tmp_path)


@pytest.mark.parametrize(
    ("profile", "told"),
    [("missing", "has no profile 'missing'"), ("empty", "has no PREFECT_API_URL")],
)
def test_a_profile_that_gives_no_address_is_told(home: Path, profile: str, told: str):
    with pytest.raises(EndpointError, match=told):
        resolve("dev", with_profile(profile), {}, home)


def test_a_missing_profiles_file_is_told(tmp_path: Path):
    with pytest.raises(EndpointError, match="there is no profiles file"):
        resolve("dev", with_profile("dev"), {}, tmp_path)


def test_a_broken_profiles_file_is_told(home: Path):
    (home / ".prefect" / "profiles.toml").write_text("[profiles", encoding="utf-8")
    with pytest.raises(EndpointError, match="cannot be read"):
        resolve("dev", with_profile("dev"), {}, home)


def at(url: str, tmp_path: Path) -> Endpoint:
    return resolve("dev", TWO, {"FLOWLIFT_DEV_API_URL": url}, tmp_path)


def test_prefect_cloud_has_its_own_pages(tmp_path: Path):
    endpoint = at("https://api.prefect.cloud/api/accounts/A/workspaces/W", tmp_path)
    assert endpoint.is_cloud
    page = "https://app.prefect.cloud/account/A/workspace/W"
    assert endpoint.flow_run_url("r") == f"{page}/runs/flow-run/r"


def test_the_address_of_a_cloud_page_is_refused_with_that_of_the_api(tmp_path: Path):
    with pytest.raises(EndpointError) as error:
        at("https://app.prefect.cloud/account/A/workspace/W/dashboard", tmp_path)
    assert "https://api.prefect.cloud/api/accounts/A/workspaces/W" in error.value.remedy


@pytest.mark.parametrize("url", ["http://h:4200", "http://h:4200/", "http://h:4200/api/"])
def test_a_server_without_a_path_has_its_api_under_api(tmp_path: Path, url: str):
    assert at(url, tmp_path).url == "http://h:4200/api"


def test_another_base_path_is_left(tmp_path: Path):
    assert at("https://h/tools/prefect/api", tmp_path).url == "https://h/tools/prefect/api"


@pytest.mark.parametrize("url", ["pnu_secret123", "ftp://h/api", "https:///api", "h:4200/api"])
def test_what_is_no_address_is_refused_and_not_repeated(tmp_path: Path, url: str):
    with pytest.raises(EndpointError) as error:
        at(url, tmp_path)
    assert url not in str(error.value)
    assert "FLOWLIFT_DEV_API_URL" in str(error.value)


def test_a_login_in_the_address_is_taken_out_of_it(tmp_path: Path):
    endpoint = at("https://ben:s3cr%40t@h/api", tmp_path)
    assert endpoint.url == "https://h/api"
    assert endpoint.auth_string == "ben:s3cr@t"


def test_no_secret_shows(tmp_path: Path):
    environ = {
        "FLOWLIFT_DEV_API_URL": "https://h/api",
        "FLOWLIFT_DEV_API_KEY": "pnu_s3cret",
        "FLOWLIFT_DEV_API_AUTH_STRING": "user:s3cret",
    }
    assert "s3cret" not in repr(resolve("dev", TWO, environ, tmp_path))


def test_a_private_authority_is_taken_over(tmp_path: Path):
    file = tmp_path / "ca.pem"
    file.write_text("x", encoding="utf-8")
    environ = {"FLOWLIFT_DEV_API_URL": "https://h/api", "SSL_CERT_FILE": str(file)}
    assert resolve("dev", TWO, environ, tmp_path).ca_file == str(file)
    with pytest.raises(EndpointError, match="There is no file"):
        resolve("dev", TWO, {**environ, "SSL_CERT_FILE": str(tmp_path / "no.pem")}, tmp_path)


def test_the_address_of_the_pages_can_be_given(tmp_path: Path):
    environ = {"FLOWLIFT_DEV_API_URL": "http://h/api", "FLOWLIFT_DEV_UI_URL": "https://ui/"}
    assert resolve("dev", TWO, environ, tmp_path).ui_url == "https://ui"
    shared = {"PREFECT_API_URL": "http://h/api", "PREFECT_UI_URL": "https://ui2"}
    assert resolve("prod", ONE, shared, tmp_path).ui_url == "https://ui2"
