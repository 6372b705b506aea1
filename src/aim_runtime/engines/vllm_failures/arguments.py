"""Failures of arguments: which one, who gave it, and where to change it."""

from __future__ import annotations

import re

from aim_runtime.engines import failures
from aim_runtime.engines.vllm_failures.given import correct, find, key_of, leave_out, put, where_from
from aim_runtime.engines.vllm_failures.rule import Case, Rule, Say, Words, quoted, rule
from aim_runtime.errors import nearest

_LENGTH = "max-model-len"
# `parameter=chat_template`, "Value error, …", a setting on a line of its own: what pydantic writes.
_SETTING = re.compile(r"^[a-z]\w*(?:\.\w+)*$")
_NOISE = re.compile(r" \[type=\w+, input_value=.*$")
_VALUE = re.compile(r"input_value=(?P<value>.*), input_type=")
_NAMES = re.compile(r"[\w.-]+")


def _too_long(match: re.Match[str], case: Case) -> Words:
    found = match.groupdict()
    limit = int(float(found["limit"]))
    message = (
        f"max-model-len {found['length']}{where_from(case.launch, _LENGTH)} is more than the model's {limit} "
        f"({found['named']})"
    )
    return message, put(case.launch, _LENGTH, limit)


def _unrecognized(match: re.Match[str], case: Case) -> Words:
    first = next(iter(re.findall(r"--[\w-]+", match["arguments"])), "")
    if not first:
        return f"the engine does not understand {quoted(match['arguments'])} in its command", (
            "`aim-runtime dry-run --format shell` prints the command"
        )
    key = key_of(first)
    return f"the engine has no argument {first}{where_from(case.launch, key)}", leave_out(case.launch, key)


def _refused(match: re.Match[str], case: Case) -> Words:
    key = key_of(match["argument"])
    why = quoted(re.sub(r"<function (\w+) at 0x\w+>", r"\1", match["why"]))
    return f"--{key}{where_from(case.launch, key)}: {why}", correct(case.launch, key)


def _invalid(match: re.Match[str], case: Case) -> Words:
    """pydantic's report: a setting on a line of its own and what is wrong with it on the next."""
    settings = []
    for name, why in zip(case.after, case.after[1:], strict=False):
        if _SETTING.match(name) and "[type=" in why:
            value = _VALUE.search(why)
            key = key_of(name)
            shown = f" {value['value']}" if value else ""
            settings.append((key, f"{key}{shown}", _NOISE.sub("", why).strip()))
    # One value may be wrong in two places: the one that was given is the one to change.
    settings.sort(key=lambda each: find(case.launch, each[0]) is None)
    if settings:
        key, shown, why = settings[0]
        return f"{shown}{where_from(case.launch, key)}: {quoted(_lower(why))}", correct(case.launch, key)
    why = _NOISE.sub("", case.after[0]).strip() if case.after else match[0]
    return _said(why.removeprefix("Value error, "), case)


def _value_error(match: re.Match[str], case: Case) -> Words:
    return _said(_NOISE.sub("", match["why"]), case)


def _said(why: str, case: Case) -> Words:
    """A rule of the engine's among several settings: name those of them that were given."""
    spelled = {word.strip("-.").replace("_", "-") for word in re.findall(r"[\w-]{4,}", why)}
    by_words = {key.replace("-", " "): key for key in (each.key for each in case.launch.arguments)}
    mentioned = [key for text, key in by_words.items() if key in spelled or text in why]
    whose = "; ".join(f"{key}{where_from(case.launch, key)}" for key in mentioned)
    hint = "; ".join(correct(case.launch, key) for key in mentioned[:2])
    message = f"the engine refuses its settings: {quoted(_lower(why))}"
    return message + (f" [{whose}]" if whose else ""), hint or (
        "`aim-runtime dry-run --format shell` prints the command; correct the setting in AIM_ENGINE_ARGS"
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _parser(key: str, kind: str) -> Say:
    def say(match: re.Match[str], case: Case) -> Words:
        name, known = match["name"], _NAMES.findall(match["known"])
        near = nearest(name, known)
        message = f"the engine has no {kind} parser {name}{where_from(case.launch, key)}"
        fix = put(case.launch, key, near) if near else correct(case.launch, key)
        return message, f"{fix}; its parsers: {', '.join(known)}"

    return say


def _no_parser(match: re.Match[str], case: Case) -> Words:
    message = "enable-auto-tool-choice needs a tool-call-parser, and none is given"
    return message, (
        f"{put(case.launch, 'tool-call-parser', '…')} with the parser of the model's family; or "
        f"{leave_out(case.launch, 'enable-auto-tool-choice')}"
    )


def _template(match: re.Match[str], case: Case) -> Words:
    path = match.groupdict().get("path")
    key = "chat-template"
    what = (
        f"there is no chat template {path}"
        if path
        else f"the chat template is not valid Jinja: {match['why']}"
    )
    given = where_from(case.launch, key)
    hint = (
        f"{correct(case.launch, key)}; or {leave_out(case.launch, key)}"
        if given
        else ('give a valid one: AIM_ENGINE_ARGS=\'{"chat-template": "/path/to/template.jinja"}\'')
    )
    return f"{quoted(what)}{given}", hint


RULES: tuple[Rule, ...] = (
    rule(
        failures.CONTEXT_TOO_LONG,
        r"max_model_len \((?P<length>\d+)\) is greater than the derived max_model_len "
        r"\((?P<named>\w+)=(?P<limit>[\d.]+)",
        _too_long,
    ),
    rule(failures.ARGUMENT_REFUSED, r": error: unrecognized arguments: (?P<arguments>.+)", _unrecognized),
    rule(failures.ARGUMENT_REFUSED, r": error: argument (?P<argument>-[^:]+): (?P<why>.+)", _refused),
    rule(
        failures.PARSER_MISSING,
        r"invalid tool call parser: (?P<name>\S+) \(cho?ose from \{(?P<known>[^}]*)\}",
        _parser("tool-call-parser", "tool"),
    ),
    rule(
        failures.PARSER_MISSING,
        r"[Tt]ool parser '(?P<name>[^']+)' not found.*?: ?(?P<known>.*?)[\"']?$",
        _parser("tool-call-parser", "tool"),
    ),
    rule(
        failures.PARSER_MISSING,
        r"[Rr]easoning parser '(?P<name>[^']+)' not found.*?: ?(?P<known>.*?)[\"']?$",
        _parser("reasoning-parser", "reasoning"),
    ),
    rule(failures.PARSER_MISSING, r"--enable-auto-tool-choice requires --tool-call-parser", _no_parser),
    rule(
        failures.CHAT_TEMPLATE,
        r"chat template string \((?P<path>\S+)\) appears path-like, but doesn't exist",
        _template,
    ),
    rule(
        failures.CHAT_TEMPLATE,
        r"(?:jinja2\.exceptions\.)?Template(?:Syntax|Assertion)?Error: (?P<why>.+)",
        _template,
    ),
)

# Last: rules of the engine's without a rule of their own here.
GENERAL: tuple[Rule, ...] = (
    rule(failures.SETTING_INVALID, r"ValidationError: \d+ validation errors? for (?P<of>\w+)", _invalid),
    rule(
        failures.SETTING_INVALID,
        r"^(?:vllm\.exceptions\.)?VLLMValidationError: (?P<why>.+)",
        _value_error,
    ),
)
