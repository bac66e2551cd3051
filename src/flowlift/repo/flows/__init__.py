"""What the code behind an entrypoint says: the flow's name, description and parameters."""

from flowlift.repo.flows.cache import default_cache
from flowlift.repo.flows.interpreter import find_python
from flowlift.repo.flows.reading import read_flows

__all__ = ["default_cache", "find_python", "read_flows"]
