"""What `serve` says when the engine answers: where, with what, and a line to try it by."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aim_runtime.engines.adapting import Adapting
from aim_runtime.plan import Plan
from aim_runtime.serve import Ready
from aim_runtime.vocabulary import AdapterMode


def ready_message(event: Ready) -> str:
    """Several lines, the first of which says that it is ready."""
    plan, nodes = event.plan, event.plan.settings.nodes
    if nodes and plan.launch.headless:
        return (
            f"ready after {event.seconds:.0f} s: machine {nodes.rank + 1} of {nodes.count} has joined; "
            f"requests are answered at {nodes.master}"
        )
    url = f"{'https' if plan.launch.certificate else 'http'}://localhost:{plan.launch.port}/v1"
    return "\n".join(
        [
            f"ready after {event.seconds:.0f} s: {plan.location.model_id}",
            f"  URL      {url}",
            f"  profile  {plan.profile.id}",
            *_adapters(plan.launch.adapting),
            f"  try it   {_question(plan, url)}",
            "  stop it  Ctrl-C",
        ]
    )


def _adapters(adapting: Adapting | None) -> Iterator[str]:
    if adapting is None:
        return
    if adapting.mode is AdapterMode.STATIC:
        yield f"  adapters {', '.join(adapting.names)}"
    else:
        yield f"  adapters those in {adapting.source}, looked at every {adapting.refresh_s:g} s"


def _question(plan: Plan, url: str) -> str:
    """A curl line that the service answers."""
    # A certificate seldom names localhost: this line looks away.
    asking = f"curl {'-sk' if plan.launch.certificate else '-s'}"
    # The reader's shell has the key; a log must not.
    key = ' -H "Authorization: Bearer $VLLM_API_KEY"' if plan.settings.key_present else ""
    asked: dict[str, object] = {"model": plan.location.model_id}
    if plan.launch.embeds:
        path, asked["input"] = "embeddings", "the sea"
    else:
        # Its answer does not hang on a rounding: another one made the smallest model ramble on some CPUs.
        question = [{"role": "user", "content": "What is the capital of Japan?"}]
        path = "chat/completions"
        asked |= {"messages": question, "temperature": 0, "max_tokens": 64}
    body = json.dumps(asked)
    return f"{asking} {url}/{path}{key} -H 'Content-Type: application/json' -d '{body}'"
