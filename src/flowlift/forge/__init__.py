"""The forge that a change comes from: GitHub, GitLab, Gitea, or none.

Each is a module of the same shape. `find_forge` says which one this process runs for.
"""

from flowlift.forge.detect import find_forge
from flowlift.forge.model import Comment, Forge, NewRelease, Release, Status

__all__ = ["Comment", "Forge", "NewRelease", "Release", "Status", "find_forge"]
