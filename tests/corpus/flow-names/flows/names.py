from prefect import flow


@flow(name="Daily Sales Report")
def daily_sales():
    pass


@flow(name="v2.customers.dedupe")
def dedupe():
    pass


@flow(name="Überweisungen prüfen ✓")
def check_transfers():
    pass


@flow(name="日次集計")
def daily_totals():
    pass


@flow
def plain_underscored_name():
    pass


@flow
def __dunder_like__():
    pass
