"""What tests and benchmarks hold finevh against: other tools, plain references, and designs small enough to see through.

Tests ask for a yes or a no on what is small, benchmarks print figures of what is large; neither imports the other, both import
from here. Nothing here is part of the installed package, and the package imports nothing from here.
"""
