from typing import Annotated

from pydantic import BaseModel, Field

from prefect import flow


class Source(BaseModel):
    """Where rows come from."""

    name: str = Field(description="As in the catalogue.")
    shards: int = Field(default=1, ge=1, le=64)


class Job(BaseModel):
    sources: list[Source]
    dry_run: bool = Field(default=False, title="Only look")


@flow
def run_job(job: Job, share: Annotated[float, Field(gt=0, le=1)] = 0.1, spare: Source = Source(name="spare")) -> None:
    """Run a job."""
