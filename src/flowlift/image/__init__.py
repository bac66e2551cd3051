"""The flows image: its version and inputs, how it is built, proven, released and promoted."""
