"""TVM's runtime as WebAssembly, from the sources in TVM's own wheels, by the clang in zig's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent / "runtime"
_OBJECTS = ("wasm_main", "tvmjs_c_api", "webgpu_runtime")
_COMPILER = [sys.executable, "-m", "ziglang", "c++", "-target", "wasm32-wasi"]
_FLAGS = [
    "-O2",
    "-std=c++17",
    "-DTVM_FFI_CMAKE_LITTLE_ENDIAN=1",
    # Nothing catches an exception in there: tvmjs_c_api.cc makes a throw an abort.
    "-fexceptions",
    "-fignore-exceptions",
    "-fno-sanitize=all",
    "-Wno-everything",
]
_STACK_BYTES = 5 << 20


def build_runtime(out: Path) -> None:
    """Compiles the three objects that every library is linked with into the folder `out`; takes about a minute."""
    packages = Path(sysconfig.get_path("purelib"))
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        _lay_out(tree, packages)
        out.mkdir(parents=True, exist_ok=True)
        includes = ["-include", str(_HERE / "shim.h"), "-I.", "-Iinclude", f"-I{packages / 'tvm_ffi' / 'include'}"]
        for source in _OBJECTS:
            command = [*_COMPILER, *_FLAGS, *includes, "-c", f"web/emcc/{source}.cc", "-o", str(out / f"{source}.o")]
            subprocess.run(command, check=True, cwd=tree)


def link(runtime: Path, objects: list[str], out: str) -> None:
    """Links a compiled model with the runtime."""
    base = [str(runtime / f"{name}.o") for name in _OBJECTS]
    exports = ["-Wl,--export-dynamic", "-Wl,--export=malloc", "-Wl,--export=free", f"-Wl,-z,stack-size={_STACK_BYTES}"]
    command = [*_COMPILER, "-mexec-model=reactor", "-O2", "-s", *base, *objects, *exports, "-o", out]
    subprocess.run(command, check=True)


def _lay_out(tree: Path, packages: Path) -> None:
    """TVM's source tree as far as the runtime needs it, with the headers that the wheel leaves out."""
    tvm = packages / "tvm"
    shutil.copytree(tvm / "src" / "runtime", tree / "src" / "runtime")
    shutil.copytree(tvm / "web" / "emcc", tree / "web" / "emcc")
    shutil.copytree(tvm / "include", tree / "include")
    shutil.copytree(_HERE / "overlay", tree, dirs_exist_ok=True)
    shutil.copy(_HERE / "tvmjs_c_api.cc", tree / "web" / "emcc")
    (tree / "3rdparty").mkdir()
    (tree / "3rdparty" / "tvm-ffi").symlink_to(packages / "tvm_ffi")
    lines = (tree / "web" / "emcc" / "wasm_runtime.cc").read_text().splitlines(keepends=True)
    # No RPC server and no tests of TVM's in a model.
    left_out = ('"src/runtime/rpc/', '"src/runtime/extra/', "ffi/testing/testing.cc")
    kept = [line for line in lines if not any(part in line for part in left_out)]
    (tree / "web" / "emcc" / "wasm_main.cc").write_text("".join(kept))
