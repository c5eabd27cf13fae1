"""Asking a provider over HTTP, in either of the two protocols that providers understand.

No exception leaves here that could carry the key or the prompt: the words are ours.
"""

import json
from dataclasses import dataclass
from typing import Any

from syteops.ai.choices import ApiStyle
from syteops.ai.errors import AiFailed
from syteops.core import outbound

TIMEOUT = 60.0
"""Seconds for the whole answer, from connecting to its last byte."""
MAX_ANSWER = 8 * 1024 * 1024
"""Most bytes of an answer that are read."""
ANTHROPIC_VERSION = "2023-06-01"

_MOST_TOKENS = 1_000_000_000


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

    def __repr__(self) -> str:
        return f"<question to {self.provider}>"


@dataclass(frozen=True)
class Answer:
    """What the provider said, and the tokens that it counted (None: it did not tell)."""

    text: str
    usage: tuple[int, int] | None


def ask(question: Question) -> Answer:
    """The provider's answer. Redirects are not followed: they would carry the key elsewhere.

    Raises AiFailed with clear words for every way in which this can go wrong.
    """
    anthropic = question.style == ApiStyle.ANTHROPIC
    data = _exchange(question, *(_anthropic(question) if anthropic else _openai(question)))
    read = _read_anthropic if anthropic else _read_openai
    try:
        return read(data)
    except (KeyError, IndexError, TypeError, AttributeError):
        raise AiFailed(
            f"{question.name} answered something else than its API promises. Check the base URL "
            "and the API style.",
            billable=True,
        ) from None


# --- The two protocols ---------------------------------------------------------------------


def _openai(question: Question) -> tuple[str, dict[str, Any]]:
    # OpenAI's own newer models refuse the older name; other servers know only that one.
    limit = "max_completion_tokens" if question.provider == "openai" else "max_tokens"
    messages = [
        {"role": "system", "content": question.system},
        {"role": "user", "content": question.prompt},
    ]
    body = {"model": question.model, "messages": messages, limit: question.max_tokens}
    return "/chat/completions", body


def _read_openai(data: Any) -> Answer:
    text = data["choices"][0]["message"]["content"]
    return Answer(_text(text), _usage(data, ("prompt_tokens",), "completion_tokens"))


def _anthropic(question: Question) -> tuple[str, dict[str, Any]]:
    body = {
        "model": question.model,
        "max_tokens": question.max_tokens,
        "system": question.system,
        "messages": [{"role": "user", "content": question.prompt}],
    }
    return "/v1/messages", body


def _read_anthropic(data: Any) -> Answer:
    texts = [_text(one["text"]) for one in data["content"] if one["type"] == "text"]
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Answer("".join(texts), _usage(data, read, "output_tokens"))


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
    if question.style == ApiStyle.ANTHROPIC:
        return {"x-api-key": question.key, "anthropic-version": ANTHROPIC_VERSION}
    return {"Authorization": f"Bearer {question.key}"}


def _exchange(question: Question, path: str, body: dict[str, Any]) -> Any:
    """The answer's JSON. Raises AiFailed."""
    url = question.base_url.rstrip("/") + path
    try:
        answer = outbound.post(
            url,
            json.dumps(body).encode(),
            _headers(question),
            seconds=TIMEOUT,
            most_bytes=MAX_ANSWER,
        )
    except outbound.OutboundFailed as failure:
        raise AiFailed(
            f"{question.name} gave no answer. {failure.detail}", billable=failure.sent
        ) from None
    if answer.status != 200:
        raise AiFailed(_refusal(question, answer.status), billable=False)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or JSON without an end
        raise AiFailed(
            f"{question.name} did not answer with JSON. Check the base URL.", billable=True
        ) from None


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
