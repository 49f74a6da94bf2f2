"""Chat templates: WebLLM's way to put a prompt together gives what the template renders."""

import unittest

from jinja2.sandbox import SecurityError

from webllm_model.chat_template import CHATML, conversation, template_of

LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' %}"
    "{% else %}{% set loop_messages = messages %}{% set system = '' %}{% endif %}"
    "{% for m in loop_messages %}"
    "{% set content = system + m['content'] if loop.first else m['content'] %}"
    "{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA_3 = (
    "{{- bos_token }}{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] | trim %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{{- '<|start_header_id|>system<|end_header_id|>\\n\\nCutting Knowledge Date: December 2023\\n\\n' }}"
    "{{- system }}{{- '<|eot_id|>' }}"
    "{% for m in messages %}{{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim"
    " + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful parrot<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{{ '<|' + m['role'] + '|>' + m['content'] + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def prompt(found: dict, *messages: str, system: str | None = None) -> str:
    """What WebLLM makes of messages that alternate from the user's on, and of the reply's header."""
    said = found["system_message"] if system is None else system
    silent = said == "" and not found["render_empty_system_message"]
    text = "" if silent else found["system_template"].replace("{system_message}", said)
    for index, message in enumerate(messages):
        follows = index == 0 and text != "" and not found["add_role_after_system_message"]
        role = "" if follows else found["roles"]["user" if index % 2 == 0 else "assistant"]
        text += role + message + found["seps"][index % 2]
    return ("<s>" if found["begins_with_bos"] else "") + text + found["roles"]["assistant"]


class ConversationTest(unittest.TestCase):
    def test_chatml(self) -> None:
        found = conversation(CHATML, "<s>", "</s>")
        self.assertEqual(
            prompt(found, "a", "b", "c", system="x"),
            "<|im_start|>system\nx<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
            "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n",
        )
        self.assertEqual(prompt(found, "a"), "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n")

    def test_a_system_message_of_the_templates_own(self) -> None:
        found = conversation(SMOLLM2, "<s>", "</s>")
        self.assertEqual(found["system_message"], "You are a helpful parrot")
        self.assertIn("system\nx<|im_end|>", prompt(found, "a", system="x"))

    def test_llama_3_begins_with_bos_and_keeps_its_header(self) -> None:
        found = conversation(LLAMA_3, "<s>", "</s>")
        header = "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n\n"
        user = "<|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>"
        assistant = "<|start_header_id|>assistant<|end_header_id|>\n\n"
        self.assertEqual(prompt(found, "a"), header + "<|eot_id|>" + user + assistant)
        self.assertEqual(prompt(found, "a", system="x"), header + "x<|eot_id|>" + user + assistant)

    def test_llama_2_has_the_system_message_inside_the_first_question(self) -> None:
        found = conversation(LLAMA_2, "<s>", "</s>")
        self.assertEqual(prompt(found, "a"), "<s>[INST] a [/INST]")
        self.assertEqual(prompt(found, "a", system="x"), "<s>[INST] <<SYS>>\nx\n<</SYS>>\n\na [/INST]")

    def test_a_template_without_a_place_for_a_system_message(self) -> None:
        found = conversation(NO_SYSTEM, "<s>", "</s>")
        self.assertEqual(prompt(found, "a", "b", "c"), "<|user|>a</s><|assistant|>b</s><|user|>c</s><|assistant|>")
        self.assertEqual(prompt(found, "a", system="x"), "<|user|>x\n\na</s><|assistant|>")

    def test_a_file_without_a_template_gets_the_one_its_tokens_tell_of(self) -> None:
        self.assertEqual(template_of(None, ["<|im_start|>", "<|im_end|>"]), CHATML)
        self.assertIn("Assistant: ", prompt(conversation(template_of("", ["a"]), "", ""), "hello"))

    def test_a_template_cannot_reach_out(self) -> None:
        with self.assertRaises(SecurityError):
            conversation("{{ messages.__class__.__mro__[1].__subclasses__() }}", "", "")
