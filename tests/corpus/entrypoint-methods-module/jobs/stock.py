from prefect import flow


class Stock:
    @staticmethod
    @flow
    def count_stock(shelf: str) -> int:
        return len(shelf)
