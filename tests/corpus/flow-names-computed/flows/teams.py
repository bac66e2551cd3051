from prefect import flow

TEAM = "logistics"


@flow(name=f"{TEAM}: route plan")
def route_plan(depots: int = 4):
    """Plan the routes."""


def weigh(parcels: list[float]) -> float:
    """Weigh all parcels."""
    return sum(parcels)


weigh_flow = flow(name=" ".join([TEAM, "weigh"]))(weigh)
