"""The flows image, from its inputs to the pools that start with it."""
