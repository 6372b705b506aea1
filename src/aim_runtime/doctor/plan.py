"""What the request comes to: the profile that would be served, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.doctor.finding import Finding, error, note, ok, warning
from aim_runtime.doctor.patient import Patient
from aim_runtime.profiles.fit import Fit


def decided(patient: Patient) -> Iterator[Finding]:
    """The plan, with what it warns of."""
    plan, refusal = patient.plan, patient.refusal
    if refusal is not None:
        fix = (refusal.hint,) if refusal.hint else ()
        seen = refusal.message.replace("\n  - ", "; ")
        yield error(refusal.code, seen, "serve would end with this error", *fix)
    elif plan is None:
        yield note(
            "plan.no_model",
            "no model was named, so only the machine was looked at",
            "memory, disk and the hub are looked at for a model",
            "AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime doctor",
        )
    else:
        uses = plan.selection.uses
        fit = plan.selection.verdict.fit
        memory = f"; {fit.summary}" if isinstance(fit, Fit) else ""
        yield ok("plan.profile", f"{plan.profile.id} on {len(uses)} x {uses[0].name}{memory}")
        for warned in (*plan.selection.warnings, *plan.launch.notes):
            yield warning("plan.warning", warned, "serve says so too")
