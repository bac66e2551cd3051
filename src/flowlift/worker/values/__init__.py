"""What the worker's values say: the chart's keys, and the base job template in them."""
