"""How long a step takes at best: the bytes that must be read and the sums that must be done, by their shares.

One step makes one token for each of the running requests. All weights and each request's KV cache are read
once; for each token 2 x parameters operations are done (Kaplan et al. 2020, section 2.1, without attention,
which is added for prompts).
"""

from __future__ import annotations

from autoscaling.curve import Curve

from aim_runtime.models.architecture import Architecture
from scale.given import ALL_REDUCE_S, COMPUTE_SHARE, FLOPS, MEMORY_SHARE, XGMI
from scale.plans import bandwidth, shape

ELEMENT_BYTES = 2
AT_ONCE = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def model() -> Architecture:
    return shape("MI300X", 8).model


def parameters() -> float:
    return (model().weights_bytes or 0) / ELEMENT_BYTES


def kv_bytes(tokens: int) -> int:
    """Keys and values of a request of `tokens` tokens, all layers and heads together."""
    of = model()
    layer = 2 * (of.key_value_heads or 0) * (of.head_dim or 0) * ELEMENT_BYTES
    full = ((of.layers or 0) - of.sliding_layers) * tokens
    return layer * (full + of.sliding_layers * min(tokens, of.sliding_window or tokens))


def state_bytes(tokens: int) -> float:
    """What one layer hands to the next for `tokens` tokens."""
    return tokens * (model().hidden_size or 0) * ELEMENT_BYTES


def exchanged_s(count: int, tokens: int) -> float:
    """Seconds that tensor parallelism exchanges for `tokens` tokens: twice a layer, all GPUs with all.

    Each GPU sends its part to every other over the link between them, and then the sum of it.
    """
    if count == 1:
        return 0.0
    part = state_bytes(tokens) / count
    return 2 * (model().layers or 0) * (ALL_REDUCE_S.value + 2 * part / XGMI.value)


def flops(gpu: str, count: int) -> float:
    """Operations a second that are reached."""
    return FLOPS[gpu].value * count * COMPUTE_SHARE.value


def prompt_s(gpu: str, count: int, tokens: int) -> float:
    """Seconds to read a prompt of `tokens` tokens: compute decides."""
    of = model()
    # Each token looks at half of the prompt on the average, a sliding layer at its window at most.
    full = ((of.layers or 0) - of.sliding_layers) * tokens / 2
    sliding = of.sliding_layers * min(tokens / 2, of.sliding_window or tokens)
    attention = 4 * (of.attention_heads or 0) * (of.head_dim or 0) * tokens * (full + sliding)
    return (2 * parameters() * tokens + attention) / flops(gpu, count) + exchanged_s(count, tokens)


def step_s(gpu: str, count: int, at_once: int, context: int) -> float:
    """Seconds of a step that makes a token for each of `at_once` requests of `context` tokens."""
    read = parameters() * ELEMENT_BYTES + at_once * kv_bytes(context)
    reading = read / (bandwidth(gpu) * count * MEMORY_SHARE.value)
    return max(reading, at_once * 2 * parameters() / flops(gpu, count)) + exchanged_s(count, at_once)


def token_s(gpu: str, count: int, at_once: int, input_tokens: int, output_tokens: int) -> float:
    """Seconds between two tokens of an answer, with the prompts of others in between.

    Where lengths are exponential, a request that runs is as long as a whole one on the average.
    """
    share = prompt_s(gpu, count, input_tokens) / output_tokens
    return step_s(gpu, count, at_once, input_tokens + output_tokens) + at_once * share


def curve(gpu: str, count: int, input_tokens: int, output_tokens: int) -> Curve:
    """Tokens a second, by requests at once."""
    return Curve(tuple((n, n / token_s(gpu, count, n, input_tokens, output_tokens)) for n in AT_ONCE))
