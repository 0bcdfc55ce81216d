"""Python processes that begin with torch loaded: forks of a server that has imported it and run nothing.

`Popen` and `run` are subprocess's; Python is forked, all else started as ever, and so is Python where there is no fork.
`conftest.py` starts the server, which imports at the first question and ends with the test session; `plant.py` starts
one that leaves out lissom. Processes that a fork starts in turn are forks too, save that pytest's are what its tests
ask for. For what hangs on imports and start-up there is subprocess itself.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import importlib.machinery
import json
import os
import pkgutil
import runpy
import select
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sketches import sketch_if_asked

ADDRESS = "LISSOM_TEST_SERVER"  # the environment's name of the server's socket
WIDTH = 12  # of each number on the line
HIGH = 600  # handles that a request brings are moved above this, out of the way of the numbers they shall have


class Popen(subprocess.Popen):
    _line: socket.socket | None = None

    def _execute_child(self, args: Any, executable: Any, *rest: Any) -> None:
        _, _, pass_fds, cwd, env, _, _, _, *handles = rest
        place = (os.environ if env is None else env).get(ADDRESS) or os.environ.get(ADDRESS)
        if not place or not isinstance(args, (list, tuple)) or args[0] != sys.executable:
            return super()._execute_child(args, executable, *rest)
        stdin, _, _, stdout, _, stderr, *others = handles
        given = dict(enumerate((stdin, stdout, stderr))) | {number: number for number in pass_fds}
        given = {number: number if handle == -1 else handle for number, handle in given.items()}
        told = {"words": [os.fspath(word) for word in args[1:]], "env": dict(os.environ if env is None else env)}
        told |= {"cwd": os.fspath(cwd or os.getcwd()), "session": others[5], "numbers": [*given]}
        self._line = _ask(place, json.dumps(told).encode(), [*given.values()])
        self.pid = int(self._line.recv(WIDTH))
        self._child_created = True
        return self._close_pipe_fds(*handles[:6])

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._line is None:
            return super()._try_wait(wait_flags)
        if wait_flags and not select.select([self._line], [], [], 0)[0]:
            return 0, 0
        status = self._line.recv(WIDTH)
        self._line.close()
        return self.pid, int(status)

    def _internal_poll(self, *state: Any, **more: Any) -> int | None:
        if self._line is None:
            return super()._internal_poll(*state, **more)
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid == self.pid:
                self._handle_exitstatus(status)
        return self.returncode


def run(
    args: Any, *, capture_output: bool = False, check: bool = False, timeout: float | None = None, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """`subprocess.run` of a fork."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(args, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    done = subprocess.CompletedProcess(args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def _ask(place: str, request: bytes, handles: list[int]) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.connect(place)
    socket.send_fds(line, [f"{len(request):{WIDTH}}".encode()], handles)
    line.sendall(request)
    return line


@contextlib.contextmanager
def serving(modules: Sequence[str] = ()) -> Iterator[None]:
    """Within it there is a server, for this process and those that it starts, of all of lissom or of these modules."""
    if not hasattr(os, "fork") or ADDRESS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="forked-") as folder:
        os.environ[ADDRESS] = str(Path(folder) / "line")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(os.environ[ADDRESS])
        listening.listen(16)
        words = [sys.executable, __file__, str(listening.fileno()), *modules]
        server = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[listening.fileno()])
        listening.close()
        try:
            yield
        finally:
            del os.environ[ADDRESS]
            server.communicate()


def serve(number: int, modules: Sequence[str]) -> None:
    """Until our standard input is cut."""
    listening = socket.socket(fileno=number)
    paths = [path for path in sys.path[1:] if path not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    loaded = False
    while True:
        if sys.stdin in select.select([sys.stdin, listening], [], [])[0]:
            reap()
            os._exit(0)  # at once: what was imported has nothing to end
        reap()
        line, _ = listening.accept()
        if not loaded:
            loaded = True
            load(modules)
        if os.fork() == 0:
            listening.close()
            mind(line, paths)
        line.close()


def reap() -> None:
    """Takes the exit codes of the minders that have ended, so that their time is counted as ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def load(modules: Sequence[str]) -> None:
    """Imports what is slow."""
    subprocess.Popen = Popen
    for name in modules or [*all_of_lissom(), "pytest"]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def all_of_lissom() -> Iterator[str]:
    import lissom

    found = (module.name for module in pkgutil.walk_packages(lissom.__path__, "lissom."))
    return (name for name in found if not name.endswith("__main__"))


def mind(line: socket.socket, paths: list[str]) -> None:
    """Forks the process that is asked for; tells its number, and how it ended."""
    size, handles, _, _ = socket.recv_fds(line, WIDTH, 32)
    request = b""
    while len(request) < int(size):
        request += line.recv(1 << 16)
    told = json.loads(request)
    child = os.fork()
    if child == 0:
        line.close()
        become(told, handles, paths)
    for handle in handles:
        os.close(handle)
    line.sendall(f"{child:{WIDTH}}".encode())
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):  # nobody asks any more
        line.sendall(f"{status:{WIDTH}}".encode())
    os._exit(0)


def become(told: dict[str, Any], handles: list[int], paths: list[str]) -> None:
    """The life of the process."""
    if told["session"]:
        os.setsid()
    high = [fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, HIGH) for handle in handles]
    for handle in handles:
        os.close(handle)
    for number, handle in zip(told["numbers"], high, strict=True):
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(told["env"])
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    os.chdir(told["cwd"])
    sketch_if_asked()
    os._exit(ended(told["words"], [*filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)), *paths]))


def ended(words: list[str], paths: list[str]) -> int:
    """The exit code of Python with these words."""
    try:
        execute(words, paths)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def execute(words: list[str], paths: list[str]) -> None:
    while words[0] in ("-W", "-u"):
        if words.pop(0) == "-W":
            warnings.simplefilter(words.pop(0))
    way, rest = words[0], words[1:]
    first = {"-c": "", "-m": os.getcwd()}.get(way, str(Path(way).parent))
    sys.path[:] = [first, *paths]
    forget_another()
    if way == "-c":
        sys.argv, main = ["-c", *rest[1:]], types.ModuleType("__main__")
        sys.modules["__main__"] = main
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
    elif way == "-m":
        sys.argv = rest
        if rest[0] == "pytest":
            subprocess.Popen = Popen.__bases__[0]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(way, run_name="__main__")


def forget_another() -> None:
    """Where the path leads to a lissom other than the loaded one, that is imported instead."""
    found, loaded = importlib.machinery.PathFinder.find_spec("lissom"), sys.modules.get("lissom")
    if loaded and (not found or found.origin != loaded.__file__):
        for name in [name for name in sys.modules if name.partition(".")[0] == "lissom"]:
            del sys.modules[name]


if __name__ == "__main__":
    sys.modules["forked"] = sys.modules["__main__"]
    serve(int(sys.argv[1]), sys.argv[2:])
