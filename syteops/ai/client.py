"""Asking a provider over HTTP, in either of the two protocols that providers understand.

No exception leaves here that could carry the key or the prompt: the words are ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from syteops.ai.choices import ApiStyle
from syteops.ai.errors import AiFailed, AiRefused
from syteops.ai.suggesting import is_good
from syteops.core import outbound
from syteops.lib.text import is_one_line

TIMEOUT = 60.0
"""Seconds for the whole answer, from connecting to its last byte."""
MAX_ANSWER = 8 * 1024 * 1024
"""Most bytes of an answer that are read."""
ANTHROPIC_VERSION = "2023-06-01"

_MOST_TOKENS = 1_000_000_000
_KNOWS_NO_SCHEMA = (400, 422)
_TOOL = "answer"
_MOST_MODELS = 500
_LONGEST_MODEL = 200


@dataclass(frozen=True)
class Question:
    """Everything that one request to a provider needs."""

    provider: str
    name: str
    base_url: str
    style: str
    key: str
    model: str
    max_tokens: int
    system: str
    prompt: str
    schema: Mapping[str, Any] | None = None
    """The JSON Schema of the answer, where it is to be JSON."""

    def __repr__(self) -> str:
        return f"<question to {self.provider}>"


@dataclass(frozen=True)
class Answer:
    """What the provider said, and the tokens that it counted (None: it did not tell)."""

    text: str
    usage: tuple[int, int] | None
    is_cut: bool = False
    """Whether it ends where `max_tokens` were used up."""


def ask(question: Question) -> Answer:
    """The provider's answer. Redirects are not followed: they would carry the key elsewhere.

    A server that refuses to be given a schema is asked once more without. Both are one request of
    the area: a refusal of the form costs no tokens, and with a limit of one such a server would
    never answer. Raises AiFailed with clear words for every way in which this can go wrong.
    """
    anthropic = question.style == ApiStyle.ANTHROPIC
    try:
        data = _exchange(question, *(_anthropic(question) if anthropic else _openai(question)))
    except AiRefused as refusal:
        if question.schema is None or refusal.status not in _KNOWS_NO_SCHEMA:
            raise
        return ask(replace(question, schema=None))
    read = _read_anthropic if anthropic else _read_openai
    try:
        return read(data)
    except (KeyError, IndexError, TypeError, AttributeError):
        raise AiFailed(_something_else(question), billable=True) from None


# --- The two protocols ---------------------------------------------------------------------


def _openai(question: Question) -> tuple[str, dict[str, Any]]:
    # OpenAI's own newer models refuse the older name; other servers know only that one.
    limit = "max_completion_tokens" if question.provider == "openai" else "max_tokens"
    messages = [
        {"role": "system", "content": question.system},
        {"role": "user", "content": question.prompt},
    ]
    body = {"model": question.model, "messages": messages, limit: question.max_tokens}
    if question.schema:
        wanted = {"name": _TOOL, "strict": True, "schema": question.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return "/chat/completions", body


def _read_openai(data: Any) -> Answer:
    choice = data["choices"][0]
    usage = _usage(data, ("prompt_tokens",), "completion_tokens")
    return Answer(
        _text(choice["message"]["content"]), usage, choice.get("finish_reason") == "length"
    )


def _anthropic(question: Question) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "model": question.model,
        "max_tokens": question.max_tokens,
        "system": question.system,
        "messages": [{"role": "user", "content": question.prompt}],
    }
    if question.schema:
        tool = {"name": _TOOL, "description": "Answer.", "input_schema": question.schema}
        body |= {"tools": [tool], "tool_choice": {"type": "tool", "name": _TOOL}}
    return "/v1/messages", body


def _read_anthropic(data: Any) -> Answer:
    parts = {"text": _text_part, "tool_use": _tool_part}
    texts = [parts[one["type"]](one) for one in data["content"] if one["type"] in parts]
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    is_cut = data.get("stop_reason") == "max_tokens"
    return Answer("".join(texts), _usage(data, read, "output_tokens"), is_cut)


def _text_part(part: Any) -> str:
    return _text(part["text"])


def _tool_part(part: Any) -> str:
    return json.dumps(part["input"])


def _text(value: Any) -> str:
    """A part of the answer; null is what providers send when they refuse to answer."""
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value or ""


def _usage(data: Any, read: tuple[str, ...], written: str) -> tuple[int, int] | None:
    told = data.get("usage")
    if not isinstance(told, dict) or told.get(read[0]) is None or told.get(written) is None:
        return None
    counts = [told.get(name) or 0 for name in (*read, written)]
    if not all(type(one) is int and 0 <= one <= _MOST_TOKENS for one in counts):
        return None
    return sum(counts[:-1]), counts[-1]


# --- HTTP ----------------------------------------------------------------------------------


def _headers(question: Question) -> dict[str, str]:
    """What carries the key. Not kept in a variable: error reports show those of each frame."""
    if not question.key:
        return {}  # a local model needs none
    if question.style == ApiStyle.ANTHROPIC:
        return {"x-api-key": question.key, "anthropic-version": ANTHROPIC_VERSION}
    return {"Authorization": f"Bearer {question.key}"}


def list_models(question: Question) -> list[str]:
    """The models that the provider offers to this key, sorted. Raises AiFailed."""
    path = "/v1/models?limit=1000" if question.style == ApiStyle.ANTHROPIC else "/models"
    data = _exchange(question, path, None)
    found = data.get("data") if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise AiFailed(_something_else(question), billable=False)
    names = (one.get("id") for one in found if isinstance(one, dict))
    return sorted({one for one in names if isinstance(one, str) and _is_model(one)})[:_MOST_MODELS]


def _is_model(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_MODEL and is_one_line(name) and is_good(name)


def _exchange(question: Question, path: str, body: dict[str, Any] | None) -> Any:
    """The answer's JSON; without a body, to a GET. Raises AiFailed."""
    url = question.base_url.rstrip("/") + path
    try:
        answer = outbound.exchange(
            "GET" if body is None else "POST",
            url,
            b"" if body is None else json.dumps(body).encode(),
            _headers(question),
            seconds=TIMEOUT,
            most_bytes=MAX_ANSWER,
        )
    except outbound.OutboundFailed as failure:
        raise AiFailed(
            f"{question.name} gave no answer. {failure.detail}", billable=failure.sent
        ) from None
    if answer.status != 200:
        raise AiRefused(_refusal(question, answer.status), answer.status)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or JSON without an end
        raise AiFailed(
            f"{question.name} did not answer with JSON. Check the base URL.", billable=True
        ) from None


def _something_else(question: Question) -> str:
    return (
        f"{question.name} answered something else than its API promises. Check the base URL and "
        "the API style."
    )


def _refusal(question: Question, status: int) -> str:
    """What a status means. The provider's own words stay out: they may repeat the key."""
    name = question.name
    known = {
        401: f"{name} refused the API key. Set a new one.",
        402: f"{name} wants to be paid first. Check the account there.",
        403: f"{name} does not allow this key to do that. Check the account there.",
        404: f"{name} knows no model {question.model}, or the base URL is wrong.",
        413: f"The text is too long for {name}.",
        429: f"{name} is asked too often, or the account's quota is used up. Try again later.",
    }
    if status in known:
        return known[status]
    if 300 <= status < 400:
        return f"{name} answered with a redirect, which is not followed. Check the base URL."
    if status >= 500:
        return f"{name} has a problem (HTTP {status}). Try again later."
    return f"{name} refused the request (HTTP {status}). Check the model and max_tokens."
