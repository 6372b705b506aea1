"""Where a service answers, and what it serves there."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

from aim_runtime.errors import InvalidValue, ServiceUnreachable

_ANSWER_WITHIN_S = 30.0


@dataclass(frozen=True)
class Service:
    """An OpenAI-compatible service: its URL without `/v1` or a slash at the end, and its model's name."""

    url: str
    model: str

    @property
    def api(self) -> str:
        return f"{self.url}/v1"


def reach(url: str, key: str | None = None, model: str | None = None) -> Service:
    """Ask a running service what it serves; the first model that it names, or `model`.

    Raises InvalidValue for something that is no URL, ServiceUnreachable where nothing of that kind answers.
    """
    base = base_url(url)
    asked = urllib.request.Request(
        f"{base}/v1/models", headers={"Authorization": f"Bearer {key}"} if key else {}
    )
    try:
        with urllib.request.urlopen(asked, timeout=_ANSWER_WITHIN_S) as answer:
            served = [each["id"] for each in json.load(answer)["data"]]
    except HTTPError as error:
        hint = (
            "set VLLM_API_KEY, or VLLM_API_KEY_FILE, to its key"
            if error.code == 401
            else "is it the engine's port?"
        )
        raise ServiceUnreachable(f"{base}/v1/models answered {error.code}", hint=hint) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ServiceUnreachable(
            f"nothing answers at {base}/v1/models: {reason}",
            hint="start one with `aim-runtime serve`, or leave --service-url out to have one started",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceUnreachable(
            f"{base}/v1/models does not answer as an OpenAI-compatible service does",
            hint="give the engine's port, not the management port",
        ) from error
    if not served:
        raise ServiceUnreachable(f"{base} serves no model")
    if model is not None and model not in served:
        raise InvalidValue(f"{base} does not serve {model}; it serves {', '.join(served)}")
    return Service(base, model or served[0])


def base_url(url: str) -> str:
    """The URL of a service without `/v1` or a slash at the end; raises InvalidValue where it is none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidValue(f"{url} is not the URL of a service", hint="as http://127.0.0.1:8000")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"
