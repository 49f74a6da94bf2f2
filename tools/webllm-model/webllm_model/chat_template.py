"""A GGUF's chat template (Jinja) as WebLLM's: fixed texts before and after each message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

SYSTEM, USER, ANSWER, SECOND = "(system)", "(first question)", "(answer)", "(second question)"
"""Messages whose places are looked for in what the template renders."""

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>'"
    " + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""The format of most small models; taken where a file has no template and knows its tokens."""

_PLAIN = (
    "{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}"
)
"""For a model that was never taught to chat."""


class ChatTemplateError(ValueError):
    """The template cannot be said as texts before and after messages."""


def template_of(source: str | None, tokens: list[str]) -> str:
    """The template that counts: the file's own, else ChatML where its marks are tokens, else plain names of roles."""
    if source:
        return source
    return CHATML if "<|im_start|>" in tokens and "<|im_end|>" in tokens else _PLAIN


def conversation(source: str, bos: str, eos: str) -> dict[str, Any]:
    """
    WebLLM's `conv_template`, without its name and its ends. The marks come from rendering conversations of known
    messages and looking at what stands around them.
    """
    render = _Renderer(source, bos, eos)
    marks = _find_marks(render)
    first = _place(render([("user", USER)]), USER)[0]
    default = first.removesuffix(marks.user)
    if default == first and marks.user:
        raise ChatTemplateError(f"the first question begins with {first!r}, the next ones with {marks.user!r}")
    begins_with_bos = bool(bos) and first.startswith(bos) and not marks.user.startswith(bos)
    default = default.removeprefix(bos) if begins_with_bos else default
    before, after, role_follows = _system_marks(render, marks)
    before = before.removeprefix(bos) if begins_with_bos else before
    message = default.removeprefix(before).removesuffix(after) if default else ""
    fits = default == before + message + after
    return {
        "system_template": before + "{system_message}" + after,
        "system_message": message if fits else "",
        # Without a system message nothing is said at all, but by templates that say something of their own then.
        "render_empty_system_message": fits and default != "",
        "add_role_after_system_message": role_follows,
        "system_prefix_token_ids": None,
        "begins_with_bos": begins_with_bos,
        "roles": {"user": marks.user, "assistant": marks.answer},
        "messages": [],
        # By the message's place: questions are even, answers odd.
        "seps": [marks.user_end, marks.answer_end],
        "role_content_sep": "",
        "role_empty_sep": "",
        "stop_str": [],
        "function_string": "",
        "use_function_calling": False,
    }


@dataclass(frozen=True)
class _Marks:
    """What stands before and after a question and an answer."""

    user: str
    user_end: str
    answer: str
    answer_end: str


def _find_marks(render: "_Renderer") -> _Marks:
    turns = [("user", USER), ("assistant", ANSWER), ("user", SECOND)]
    user_end = _place(render([("user", USER)]), USER)[1]
    answer_end = _place(render(turns[:2]), ANSWER)[1]
    text = render(turns)
    to_answer = _place(_place(text, USER)[1], ANSWER)[0]
    to_question = _place(_place(text, ANSWER)[1], SECOND)[0]
    # Some end a turn only when the next one begins, or the other way about: what is not sure to be the end of
    # this turn is counted as the beginning of the next, and comes out the same.
    user_end = user_end if to_answer.startswith(user_end) else ""
    answer_end = answer_end if to_question.startswith(answer_end) else ""
    # The header of an answer to come may be longer than that of one that is there (an opened thought): what
    # the model is asked to go on from counts.
    header = _place(render([("user", USER)], reply=True), USER)[1]
    if not header.startswith(user_end):
        raise ChatTemplateError(f"a question ends with {user_end!r}, but with {header!r} before an answer")
    return _Marks(
        user=to_question.removeprefix(answer_end),
        user_end=user_end,
        answer=header.removeprefix(user_end),
        answer_end=answer_end,
    )


def _system_marks(render: "_Renderer", marks: _Marks) -> tuple[str, str, bool]:
    """Before and after the system message, and whether the first question has its own mark after it."""
    try:
        before, rest = _place(render([("system", SYSTEM), ("user", USER)]), SYSTEM)
        after = _place(rest, USER)[0]
    except (TemplateError, ChatTemplateError):
        # No place for a system message: it goes before the first question, inside its mark.
        return marks.user, "\n\n", False
    if after.endswith(marks.user):
        return before, after.removesuffix(marks.user), True
    return before, after, False


def _place(text: str, part: str) -> tuple[str, str]:
    before, found, after = text.partition(part)
    if not found:
        raise ChatTemplateError(f"the template leaves {part} out")
    return before, after


class _Renderer:
    """Renders as transformers does. A template is a stranger's program: the sandbox keeps it to texts."""

    def __init__(self, source: str, bos: str, eos: str) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        self._template = environment.from_string(source)
        self._names = {"bos_token": bos, "eos_token": eos}

    def __call__(self, messages: list[tuple[str, str]], reply: bool = False) -> str:
        turns = [{"role": role, "content": content} for role, content in messages]
        return self._template.render(messages=turns, add_generation_prompt=reply, **self._names)


def _refuse(message: str) -> None:
    raise TemplateError(message)
