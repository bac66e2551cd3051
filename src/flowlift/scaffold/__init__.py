"""What `flowlift init` writes: a platform repository that plans and applies as it is."""

from flowlift.scaffold.platform import Written, pool_name, write_platform

__all__ = ["Written", "pool_name", "write_platform"]
