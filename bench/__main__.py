"""All figures: `python -m bench`."""

from bench.deployments import main

if __name__ == "__main__":
    main()
