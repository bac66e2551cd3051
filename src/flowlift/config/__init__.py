"""What a repository says about itself: `[tool.flowlift]` in pyproject.toml, or flowlift.toml.

Everything has a default that fits the usual layout, so that a repository without any configuration
plans and applies. The JSON schema of the configuration is published by `schema()`.
"""

from flowlift.config.ci import Ci
from flowlift.config.environment import Environment, Override, Ref, own_variable
from flowlift.config.image import Image
from flowlift.config.loading import Loaded, load, read_settings, schema
from flowlift.config.settings import CheckLevel, Settings, Verify
from flowlift.config.worker import Host, Secret, Worker

__all__ = [
    "CheckLevel",
    "Ci",
    "Environment",
    "Host",
    "Image",
    "Loaded",
    "Override",
    "Ref",
    "Secret",
    "Settings",
    "Verify",
    "Worker",
    "load",
    "own_variable",
    "read_settings",
    "schema",
]
