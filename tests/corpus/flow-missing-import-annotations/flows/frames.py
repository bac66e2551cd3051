from datetime import date

from prefect import flow
from shapes_not_installed import Shape

LIMIT = 12


@flow
def frame_shape(shape: Shape, day: date = date(2024, 1, 1), limit: int = LIMIT, shapes: list[Shape] | None = None) -> None:
    """Shape a frame."""
