"""Checks: what is wrong or doubtful in a manifest, found before the first write.

Each module looks at one subject and is given all that it needs; `report` knows every check's name,
its default level, and how a team sets or silences it. docs/checks.md has a section for each.
"""
