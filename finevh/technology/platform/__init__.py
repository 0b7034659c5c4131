"""Technologies from platform folders of OpenROAD-flow-scripts."""

from finevh.technology.platform.add import add_platform

__all__ = ["add_platform"]
