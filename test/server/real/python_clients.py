"""What the Python clients of Ollama and OpenAI get from a server, as JSON on standard output."""

import json
import sys

import ollama
import openai

URL = sys.argv[1]
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}
QUESTION = {"role": "user", "content": "What is the capital of France?"}
UNIT = {
    "type": "object",
    "properties": {"unit": {"type": "string", "enum": ["celsius", "kelvin"]}},
    "required": ["unit"],
}
HEAT = {"type": "function", "function": {"name": "heat", "description": "How warm it is", "parameters": UNIT}}
OPTIONS = {"temperature": 0, "num_predict": 24}


def of_ollama() -> dict:
    client = ollama.Client(host=URL)
    ask = {"model": "smollm2", "messages": [SYSTEM, QUESTION], "options": OPTIONS}
    stream = client.chat(**ask, stream=True)
    long = client.chat(**{**ask, "options": {"temperature": 1, "num_predict": 4000}}, stream=True)
    next(iter(long))
    long.close()
    found = {
        "chat": client.chat(**ask).message.content,
        "stream": "".join(part.message.content or "" for part in stream),
        "structured": json.loads(
            client.chat(model="smollm2", messages=[QUESTION], format=UNIT, options={"num_predict": 60}).message.content
        ),
        "tools_sent": client.chat(model="caller", messages=[QUESTION], tools=[HEAT], options={"num_predict": 4}).done,
        "vectors": [len(vector) for vector in client.embed(model="smollm2", input=["a", "b"]).embeddings],
        "models": sorted(model.model for model in client.list().models),
        "shown": client.show("smollm2").details.format,
    }
    try:
        client.chat(model="dodo", messages=[QUESTION])
    except ollama.ResponseError as error:
        found["missing"] = error.status_code
    return found


def of_openai() -> dict:
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key="none", max_retries=0)
    ask = {"model": "smollm2", "messages": [SYSTEM, QUESTION], "temperature": 0, "max_tokens": 24}
    stream = client.chat.completions.create(**ask, stream=True)
    schema = {"type": "json_schema", "json_schema": {"name": "unit", "schema": UNIT}}
    called = client.chat.completions.create(
        model="caller", messages=[QUESTION], tools=[HEAT], tool_choice="required"
    ).choices[0]
    with client.chat.completions.create(**{**ask, "max_tokens": 4000, "temperature": 1}, stream=True) as long:
        next(iter(long))
    found = {
        "chat": client.chat.completions.create(**ask).choices[0].message.content,
        "stream": "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices),
        "structured": json.loads(
            client.chat.completions.create(
                model="smollm2", messages=[QUESTION], max_tokens=60, response_format=schema
            ).choices[0].message.content
        ),
        "tool": [called.finish_reason, called.message.tool_calls[0].function.name],
        "vectors": [len(one.embedding) for one in client.embeddings.create(model="smollm2", input=["a", "b"]).data],
        "models": sorted(model.id for model in client.models.list()),
    }
    try:
        client.chat.completions.create(**{**ask, "model": "dodo"})
    except openai.NotFoundError as error:
        found["missing"] = error.status_code
    return found


print(json.dumps({"ollama": of_ollama(), "openai": of_openai()}))
