"""What holds for all tests."""

import signal

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile(
    "flowlift",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=40,  # other ones each time: what one run misses, the next may find
)
# For whoever changes what they are about: make unit ARGS=--hypothesis-profile=thorough
settings.register_profile("thorough", settings.get_profile("flowlift"), max_examples=2000)
settings.load_profile("flowlift")

# Where a shell has started the tests in the background, Ctrl-C is ignored, and by nohup a hang-up,
# and by each program that they start as well: those that are sent one would run on.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
