from prefect import flow


class Catalog:
    region = "north"

    @flow(name="catalog refresh")
    def refresh(self, full: bool = False) -> str:
        return self.region

    @classmethod
    @flow(name="catalog audit")
    def audit(cls, sample: int = 5) -> str:
        return cls.region

    @staticmethod
    @flow(name="catalog export")
    def export(path: str = "out.csv") -> str:
        return path
