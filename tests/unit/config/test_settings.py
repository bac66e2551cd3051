"""The whole configuration: environments by name, and the workers that each has."""

from __future__ import annotations

import msgspec
import pytest

from flowlift.config.environment import Environment
from flowlift.config.section import WrongValueError
from flowlift.config.settings import Settings, Verify
from flowlift.config.worker import Worker
from flowlift.errors import ConfigError


def test_without_a_word_dev_runs_branches_unscheduled_and_prod_what_is_declared():
    dev, prod = Settings().environment("dev"), Settings().environment("prod")
    assert (dev.ref, dev.schedules, dev.triggers) == ("branch", "off", "off")
    assert (prod.ref, prod.schedules, prod.triggers) == ("default", "declared", "declared")


def test_environments_of_ones_own_take_the_place_of_both():
    settings = Settings(env={"stage-2": Environment()})
    assert settings.environment("stage-2") == Environment()
    with pytest.raises(ConfigError):
        settings.environment("dev")


def test_an_unknown_environment_names_the_nearest_and_how_to_have_it():
    with pytest.raises(ConfigError, match="no environment is called 'pord': is it 'prod'") as error:
        Settings().environment("pord")
    assert "[tool.flowlift.env.pord]" in error.value.remedy
    assert "dev, prod" in error.value.remedy
    with pytest.raises(ConfigError, match=r"no environment is called ''\.\n"):
        Settings().environment("")


@pytest.mark.parametrize("name", ["", "Dev", "2dev", "-dev", "d_v", "dév", "dev\n", "a.b"])
def test_a_name_that_is_no_word_is_refused_where_it_stands(name: str):
    with pytest.raises(WrongValueError, match="lower case letters") as refused:
        Settings(env={"dev": Environment(), name: Environment()})
    assert refused.value.path == ("env", name)


@pytest.mark.parametrize("key", ["timeout", "start-timeout"])
def test_a_run_is_given_some_time(key: str):
    for none in (0, -1):
        with pytest.raises(msgspec.ValidationError, match=key):
            msgspec.convert({key: none}, Verify)
    assert msgspec.convert({key: 0.5}, Verify) != Verify()


def test_a_worker_without_environments_is_in_all_of_them():
    both, dev, none = Worker(), Worker(environments=("dev",)), Worker(environments=())
    settings = Settings(worker=(both, dev, none))
    assert settings.workers_of("dev") == (both, dev)
    assert settings.workers_of("prod") == (both,)
    assert Settings().workers_of("dev") == ()


def test_no_two_configurations_share_their_environments():
    Settings().env["extra"] = Environment()
    assert "extra" not in Settings().env
