TABLES = ("orders", "items")
