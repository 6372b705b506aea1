"""Capability tool_calling: a call comes when it is wanted, in the API's shape, and only then."""

from __future__ import annotations

import json
from typing import Any

from aim_runtime.validate.answer import calls_of, content_of, shown
from aim_runtime.validate.asking import chat, room
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.subject import Answering

NAME, CITIES = "get_weather", ("Tokyo", "Paris")
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": NAME,
        "description": "The weather of a city at this moment.",
        # Without it vLLM holds a call to the form of one, but not its arguments to their schema.
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": list(CITIES)}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
_FORCED = {"type": "function", "function": {"name": NAME}}
# What models write around a call, which a parser is there to take away.
_MARKS = (
    *("<tool_call>", "</tool_call>", "<|tool_call", "<tool_calls>", "[TOOL_CALLS]", "<|python_tag|>"),
    *("<function=", "<|START_ACTION|>", "<\uff5ctool\u2581call", "<|plugin|>", "<start_function_call>"),
)
_TOKENS = 96
_PARSER = "the engine's tool-call-parser is not the one of this model: see docs/api.md"


def tool_invocation(service: Answering) -> Passed:
    """The model calls the tool of its own accord, which is its training; told to, it has to."""
    free = chat(
        service,
        f"What is the weather in Tokyo now? Use {NAME}.",
        tools=[TOOL],
        max_tokens=room(service, _TOKENS),
    )
    _no_marks(content_of(free))
    warnings = () if calls_of(free) else ("offered the tool, the model did not call it of its own accord",)
    for call in calls_of(free):
        _arguments(call)
    told = chat(
        service,
        "What is the weather in Tokyo now?",
        tools=[TOOL],
        tool_choice=_FORCED,
        max_tokens=room(service, _TOKENS),
    )
    calls = calls_of(told)
    if not calls:
        raise Failed(f"told to call {NAME}, it answered {shown(content_of(told))} and no tool_calls", _PARSER)
    arguments = _arguments(calls[0])
    if arguments.get("city") not in CITIES:
        raise Failed(f"told to call {NAME}, it called it with {arguments}: not what the schema has", _PARSER)
    _no_marks(content_of(told))
    return Passed(f"called {NAME}({json.dumps(arguments)})", warnings)


def tool_avoidance(service: Answering) -> Passed:
    """A question that needs no tool is answered without one, and so is any with tool_choice none."""
    free = chat(service, "Write the word hello.", tools=[TOOL], max_tokens=room(service, 32))
    warnings = ("it called a tool for a question that needs none",) if calls_of(free) else ()
    _no_marks(content_of(free))
    told = chat(
        service,
        "What is the weather in Tokyo?",
        tools=[TOOL],
        tool_choice="none",
        max_tokens=room(service, 32),
    )
    if calls_of(told):
        raise Failed("it called a tool in spite of tool_choice none", _PARSER)
    if not content_of(told).strip():
        raise Failed("with tool_choice none it answered no text", _PARSER)
    return Passed(f"answered {shown(content_of(free) or content_of(told))}", warnings)


def _no_marks(text: str) -> None:
    """Raise Failed where a call was left in the text, or a part of one."""
    for mark in _MARKS:
        if mark in text:
            raise Failed(f"a tool call leaked into the text: {shown(text)} has {mark}", _PARSER)


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call of our tool. Raises Failed for one in another shape."""
    function = call.get("function")
    if (
        call.get("type") != "function"
        or not isinstance(call.get("id"), str)
        or not isinstance(function, dict)
    ):
        raise Failed(f"a tool call is {shown(json.dumps(call), 200)}: it lacks id, type or function", _PARSER)
    if function.get("name") != NAME:
        raise Failed(f"it called {function.get('name')}, which nobody offered", _PARSER)
    try:
        found = json.loads(function["arguments"])
    except (KeyError, TypeError, ValueError) as error:
        given = shown(str(function.get("arguments")))
        raise Failed(f"the arguments of a tool call are no JSON text: {given}", _PARSER) from error
    if not isinstance(found, dict):
        raise Failed(f"the arguments of a tool call are {found!r}, not an object", _PARSER)
    return found
