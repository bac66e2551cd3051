KEEP = ("id", "amount")
