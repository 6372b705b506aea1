"""Every failure a user can meet: one root, one exit code a kind, one stable code a failure.

The library raises; `cli` words and prints. A message says what is wrong and where, with the value;
`hint` says what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class AimError(Exception):
    """Root of the errors that are the user's or the machine's, not this program's."""

    exit_code: ClassVar[int] = 1
    code = "error"
    # What AMD's operator for Kubernetes looks for in a log, of the kinds that it tells from the others.
    heading: ClassVar[str] = ""

    def __init__(
        self, message: str, *, hint: str = "", code: str | None = None, details: tuple[str, ...] = ()
    ) -> None:
        """`code` where it says more than the kind's own; `details`: lines to show where they were not yet."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.code
        self.details = details

    @property
    def line(self) -> str:
        """The message as it is shown, with the heading of its kind in front where that has one."""
        return f"{self.heading}: {self.message}" if self.heading else self.message


class ConfigError(AimError):
    """A setting, a variable or an argument is wrong."""

    exit_code = 2
    code = "config"


class InvalidValue(ConfigError):
    """A known setting has a value that is not allowed."""

    code = "config.invalid_value"


class UnknownVariable(ConfigError):
    """An `AIM_*` variable that looks like a misspelling of a known one."""

    code = "config.unknown_variable"


class MissingSetting(ConfigError):
    """Something that must be said was not."""

    code = "config.missing"


class InvalidModelRef(ConfigError):
    """A model reference that does not follow the grammar of `models/ref.py`."""

    code = "config.invalid_model_ref"


class UnknownEngineArgument(ConfigError):
    """The user passed an argument that the engine does not have."""

    code = "config.unknown_engine_argument"


class FileNotWritable(ConfigError):
    """A file that the user named cannot be written."""

    code = "config.file_not_writable"


class InvalidRecord(ConfigError):
    """The file that was named is not a run record that this version can read."""

    code = "config.invalid_record"


class RecordDiffers(ConfigError):
    """What a run record says cannot be repeated here as it was."""

    code = "config.record_differs"


class HardwareError(AimError):
    """The machine has no usable accelerator, or a probe found it broken."""

    exit_code = 3
    code = "hardware"


class DeviceClosed(HardwareError):
    """A GPU is there, and this process may not open its device files."""

    code = "hardware.device_closed"


class ProfileError(AimError):
    """No profile, a broken one, or one that does not fit."""

    exit_code = 4
    code = "profile"


class ProfileNotFound(ProfileError):
    """`AIM_PROFILE_ID` names a profile that the catalogue does not have."""

    # Not `profile.not_found`: in JSON the operator would take "…file.not_found" for a missing source.
    code = "profile.unknown"


class InvalidProfile(ProfileError):
    """The profile that was asked for is in the catalogue but broken."""

    code = "profile.invalid"


class NoProfile(ProfileError):
    """No profile is right for the request on this machine."""

    code = "profile.none"


class ModelError(AimError):
    """The weights cannot be had or are not whole."""

    exit_code = 5
    code = "model"


class ModelNotFound(ModelError):
    """The source answered, and it has no such model, revision or file."""

    code = "model.not_found"
    heading = "model not found"


class AccessDenied(ModelError):
    """The source wants a token, a better token, or accepted terms."""

    code = "model.access_denied"
    heading = "access to model files is restricted"


class SourceUnreachable(ModelError):
    """The source did not answer; the next one in the list may."""

    code = "model.unreachable"


class DownloadFailed(ModelError):
    """The transfer broke off and retrying did not help."""

    code = "model.download_failed"


class VerificationFailed(ModelError):
    """Bytes arrived, but not the right ones."""

    code = "model.verification_failed"


class CacheNotWritable(ModelError):
    """The cache folder cannot be written by this user, or its disk is full."""

    code = "model.cache_not_writable"


class ExtraMissing(ModelError):
    """The library that this kind of source needs is an extra of this package, and is not installed."""

    code = "model.extra_missing"


class ConversionFailed(ModelError):
    """The weights were fetched but could not be made into safetensors."""

    code = "model.conversion_failed"


class EngineError(AimError):
    """The engine is missing, its port is taken, or it ended by itself."""

    exit_code = 6
    code = "engine"


class EngineMissing(EngineError):
    """No installation of the engine was found."""

    code = "engine.missing"


class EngineExited(EngineError):
    """The engine ended by itself."""

    code = "engine.exited"


class EngineNeverReady(EngineError):
    """The engine runs, but did not answer within the time that it was given."""

    code = "engine.never_ready"


class PortTaken(EngineError):
    """Another program listens on the port that the engine should serve on."""

    code = "engine.port_taken"


class CheckError(AimError):
    """A service was measured or checked, and is not what it should be."""

    exit_code = 7
    code = "check"


class BenchmarkFailed(CheckError):
    """A point of a benchmark has a request that failed, or could not be measured."""

    code = "check.benchmark_failed"


class ChecksFailed(CheckError):
    """A service was validated, and some of the checks failed."""

    code = "check.failed"


class ServiceUnreachable(CheckError):
    """No service answers at the URL that was to be measured or checked."""

    code = "check.service_unreachable"


class NotHealthy(CheckError):
    """A service answers, and says that it is not ready or not alive."""

    code = "check.not_healthy"


class EvaluationFailed(CheckError):
    """The answers of a model could not be judged: the program that asks it failed."""

    code = "check.evaluation_failed"


class QualityDropped(CheckError):
    """A model answers worse than its baseline allows, or it cannot be told that it does not."""

    code = "check.quality_dropped"


class ToolMissing(CheckError):
    """The program that measures is an extra of this package, and is not installed."""

    code = "check.tool_missing"


class DeployError(AimError):
    """An image or a manifest cannot be made."""

    exit_code = 8
    code = "deploy"


class NotDeployable(DeployError):
    """The plan cannot be put on the platform that was asked for."""

    code = "deploy.not_possible"


class InvalidLabel(DeployError):
    """A label of an image would not be understood by those that read it."""

    code = "deploy.invalid_label"


def nearest(value: str, allowed: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the allowed spelling closest to `value`, or None when nothing is close.

    `cutoff` is difflib's similarity ratio, 0 to 1.
    """
    import difflib  # only on the way to an error message: start-up time matters

    folded = {name.casefold(): name for name in sorted(allowed, reverse=True)}
    found = difflib.get_close_matches(value.casefold(), sorted(folded), n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean X?" or nothing."""
    found = nearest(value, allowed)
    return f"; did you mean {found}?" if found else ""
