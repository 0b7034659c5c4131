"""The few exceptions that a user can meet; each class is one exit status of the command line."""

from __future__ import annotations


class FinevhError(Exception):
    """Base of all errors that are reported without a traceback.

    The message says what happened, where (file:line, key, cell or net) and what to do.
    """

    exit_status = 1


class NotReachableError(FinevhError):
    """The job ran and its answer is "no": a frequency that no voltage reaches, a check that failed."""

    exit_status = 1


class InputError(FinevhError):
    """Wrong input: the message names the file, the line or key, and the mend."""

    exit_status = 2


class ToolMissingError(FinevhError):
    """A needed external tool is absent: the message names it, its purpose and how to install it."""

    exit_status = 3


class DefectError(FinevhError):
    """What should not happen: an exception that is not ours reached the command line."""

    exit_status = 1
