def describe(stage: str, number: str) -> dict:
    return {"name": f"{stage}-{number}", "labels": {"stage": stage}, "image": f"registry.example.com/flows:{number}"}
