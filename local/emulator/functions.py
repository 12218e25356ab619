# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""What runs a Python function here? AWS's own runtime client, with only what Lambda has around it.

The emulator's own workers run functions in its Python, beside its packages and with the whole environment of
the shell that started it. A function that works there can fail on AWS for want of a dependency, and can read
the developer's tokens here. So Python functions run as ``provided`` ones do, with awslambdaric as bootstrap.
"""

import hashlib
import io
import os
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from local.emulator.vendor import lambda_runtime, lambda_svc

type Json = dict[str, Any]

# What ministack works out for a function and Lambda sets too; nothing else of its environment is passed on.
FROM_THE_EMULATOR = frozenset({
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_LOG_STREAM_NAME", "_HANDLER",
})  # fmt: skip

BOOTSTRAP = '#!/bin/sh\ncd "$LAMBDA_TASK_ROOT" && exec {python} -m awslambdaric "$_HANDLER"\n'

MORTAL = Path(__file__).with_name("mortal")
"""On a function's path it lets a plan end the function's process at chosen calls."""

STARTS_WITHIN_S = 60.0
"""On AWS a function that starts has a processor for itself; here it shares one with whatever else the machine does."""

PATIENCE_S = 0.25
"""How long a call waits for a process that is free before another is started."""

ENOUGH = 2 * (os.cpu_count() or 1)
"""Processes of one function that keep the processors busy: a call waits for AWS at least as long as it reckons."""

LOG_WAIT_S = 0.005
"""How long the first line of a call's log is waited for: it was written before the answer. The emulator waits 50 ms."""

_extracting = threading.Lock()
# The environment of the function whose worker is being started on this thread.
_starting: ContextVar[Json | None] = ContextVar("starting", default=None)
# Whom the call on this thread tells that the process it needs has started.
_started: ContextVar[Callable[[], object]] = ContextVar("started", default=lambda: None)


class Turns:
    """Calls of one function: each waits for a process that is free; after a while another is started, one at a time.

    On AWS one would be started for each at once; but where all share the processors of one machine, a flood of calls
    would end in nothing but starts. So beyond a few processes for each processor another is started only where calls
    wait for something else: where none has ended for a while.
    """

    def __init__(self) -> None:
        self._free = threading.Semaphore(1)
        self._next = threading.Lock()
        self._starting = threading.Lock()
        self._processes = 1
        self._ended = 0.0

    @contextmanager
    def one(self) -> Iterator[Callable[[], None]]:
        """Have a process, free or new, and what to say once it has started."""
        with ExitStack() as start:
            self._find(start)
            try:
                yield start.close
            finally:
                self._ended = time.monotonic()
                self._free.release()

    def _find(self, start: ExitStack) -> None:
        patient_until = time.monotonic() + PATIENCE_S
        with self._next:  # the others sleep meanwhile: hundreds that look around all the time would take a processor
            patience = max(0.0, patient_until - time.monotonic())
            while not self._free.acquire(timeout=patience):
                if self._would_help() and self._starting.acquire(blocking=False):
                    start.callback(self._starting.release)
                    self._processes += 1
                    return
                patience = PATIENCE_S

    def _would_help(self) -> bool:
        return self._processes < ENOUGH or time.monotonic() - self._ended > PATIENCE_S


class Packages:
    """Unzipped packages of functions and layers, each once, by content."""

    def __init__(self, where: Path) -> None:
        self.where = where

    def unzipped(self, package: bytes) -> Path:
        """Return the folder that holds *package*, unzipping it if nobody has."""
        folder = self.where / hashlib.sha256(package).hexdigest()[:16]
        with _extracting:
            if not folder.exists():
                part = folder.with_suffix(".part")
                zipfile.ZipFile(io.BytesIO(package)).extractall(part)
                part.rename(folder)
        return folder

    def bootstrap(self, python: Path) -> Path:
        """Return the folder with the program that starts a function on *python*."""
        program = self.where / "bootstrap"
        with _extracting:
            if not program.exists():
                self.where.mkdir(parents=True, exist_ok=True)
                program.write_text(BOOTSTRAP.format(python=python))
                program.chmod(0o755)
        return program.parent


def environment_of(config: Json, code: Path, layers: list[Path], endpoint: str) -> dict[str, str]:
    """Return what Lambda puts into a function's environment besides the function's own variables."""
    logging = config.get("LoggingConfig") or {}
    mortality = mortality_of(config["FunctionName"], os.environ)
    path = [code, *(layer / "python" for layer in layers), *filter(None, [mortality.get("PYTHONPATH")])]
    return mortality | {
        "LAMBDA_TASK_ROOT": str(code),
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONPYCACHEPREFIX": str(code.parent / "bytecode"),  # its own folders are read-only on AWS
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup", f"/aws/lambda/{config['FunctionName']}"),
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO"),
        "AWS_ENDPOINT_URL": endpoint,
        "HOME": tempfile.gettempdir(),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }


def mortality_of(function: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what makes *function* mortal: its name ends in one of MORTAL_FUNCTIONS, and MORTAL_PLAN is set."""
    named = environ.get("MORTAL_FUNCTIONS", "").split()
    if not any(function.endswith(name) for name in named):
        return {}
    return {"PYTHONPATH": str(MORTAL), "MORTAL_PLAN": environ["MORTAL_PLAN"]}


def install(python: Path, endpoint: str) -> None:
    """Run Python functions on awslambdaric under *python*; *endpoint* is where they find AWS."""
    # Each answer of the Runtime API would otherwise wait 40 ms for a delayed acknowledgement.
    BaseHTTPRequestHandler.disable_nagle_algorithm = True
    packages = Packages(Path(tempfile.gettempdir()) / "functions")
    _start_workers_from(packages, python)
    _run_python_as_provided(packages, endpoint)


def is_python(config: Json) -> bool:
    """Say whether a function has a Python runtime."""
    return str(config.get("Runtime", "")).startswith("python")


def with_reason(result: Json) -> Json:
    """Put into the log of a failed start why it failed, as AWS does; the emulator leaves that log empty."""
    if not result.get("error") or result.get("log"):
        return result
    return result | {"log": f"[ERROR] {result['body'].get('errorType')}: {result['body'].get('errorMessage')}"}


def _start_workers_from(packages: Packages, python: Path) -> None:
    """Replace, while one of our workers starts, its bootstrap and its environment."""
    worker_env, code_dir = lambda_svc._provided_worker_env, lambda_svc._provided_runtime_code_dir

    def environment(config: Json, code: str, port: int) -> Json:
        ours, given = _starting.get(), worker_env(config, code, port)
        if ours is None:
            return dict(given)
        kept = {name: value for name, value in given.items() if name in FROM_THE_EMULATOR}
        return lambda_svc._runtime_env_vars(config) | kept | ours  # type: ignore[no-any-return]

    def folder(code: bytes) -> str:
        return str(packages.bootstrap(python)) if _starting.get() is not None else str(code_dir(code))

    lambda_svc._provided_worker_env, lambda_svc._provided_runtime_code_dir = environment, folder


def _run_python_as_provided(packages: Packages, endpoint: str) -> None:
    class RuntimeClientWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc]
        """One execution environment of a Python function."""

        def _drain_stderr_bounded(self, first_line_wait: float = LOG_WAIT_S, **rest: float) -> Any:
            return super()._drain_stderr_bounded(first_line_wait, **rest)

        def _spawn(self, init_timeout: float | None = None) -> None:
            code = packages.unzipped(self.code_zip)
            zips = [lambda_svc._resolve_layer_zip(layer) for layer in self.config.get("Layers", [])]
            layers = [packages.unzipped(layer) for layer in zips]
            token = _starting.set(environment_of(self.config, code, layers, endpoint))
            started = time.perf_counter()
            try:
                super()._spawn(max(init_timeout or 0.0, STARTS_WITHIN_S))
            finally:
                _starting.reset(token)
                _started.get()()
            took = (time.perf_counter() - started) * 1000
            lambda_runtime.logger.info("Init Duration: %.0f ms %s", took, self.func_name)

    turns: defaultdict[str, Turns] = defaultdict(Turns)
    class_for, run_warm = lambda_runtime._worker_class_for, lambda_svc._execute_function_warm

    def worker_class(config: Json) -> Any:
        return RuntimeClientWorker if is_python(config) else class_for(config)

    def execute(func: Json, event: Any, request_id: str) -> Any:
        config = func.get("config") or func
        if not is_python(config):
            return run_warm(func, event, request_id)
        with turns[config["FunctionName"]].one() as started:
            _started.set(started)
            return with_reason(lambda_svc._execute_function_provided_warm(func, event, request_id))

    lambda_runtime._worker_class_for, lambda_svc._execute_function_warm = worker_class, execute
