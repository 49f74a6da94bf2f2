"""
python -m webllm_model runtime OUT
python -m webllm_model compile '{"shape": {...}, "kernels": "software", "runtime": "FOLDER", "out": "FILE"}'
python -m webllm_model convert '{"files": ["a.gguf"], "shape": {...}, "context": 4096, "out": "FOLDER"}'

What the tool's Node side calls. It has looked at the model before: what cannot be done does not come here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .shape import Shape


def main() -> None:
    command, argument = sys.argv[1:]
    # Imported where they are used: TVM alone takes a second.
    if command == "runtime":
        from .runtime import build_runtime

        build_runtime(Path(argument))
        return
    job = json.loads(argument)
    shape = Shape.parse(job["shape"])
    if command == "compile":
        from .library import compile_library
        from .target import KINDS

        compile_library(shape, KINDS[job["kernels"]], Path(job["runtime"]), Path(job["out"]))
    elif command == "convert":
        from .convert import convert
        from .gguf_file import GgufFile

        convert(GgufFile(job["files"]), shape, job["context"], Path(job["out"]))
    else:
        sys.exit(f"no such command: {command}")


main()
