"""What `flowlift init` writes: a platform repository that plans and applies as it is."""

from flowlift.scaffold.platform import ScaffoldFiles, pool_name, write_platform

__all__ = ["ScaffoldFiles", "pool_name", "write_platform"]
