"""What Prefect holds: finding the API, asking it, reading what is live, and the only writer."""
