"""What every Python shim of closewait has in common: lines of JSON on standard input and output.

A blocking client is served by a thread for each request (`Blocking`), a client of asyncio by its event loop (`Async`). Both read
commands where the client waits as well, so that what comes to the program is learned in the order in which it came.
"""

import asyncio
import json
import os
import sys
import threading


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def seconds(ms):
    return None if ms is None else ms / 1000


def kind_of(error, kinds):
    """The first kind whose types the error, or a cause of it, belongs to: the innermost cause counts most."""
    chain, seen = [], error
    while seen is not None and seen not in chain:
        chain.append(seen)
        seen = seen.__cause__ or seen.__context__
    for cause in reversed(chain):
        for types, kind in kinds:
            if isinstance(cause, types):
                return kind
    return "other"


def words(error):
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    # Objects are printed with their addresses, which differ from run to run.
    import re

    return re.sub(r"0x[0-9a-f]+", "0x…", text)


def failed(n, error, kinds):
    return {"n": n, "kind": kind_of(error, kinds), "message": words(error)}


class Shim:
    """`make(command)` makes the client and returns its version, `perform(command)` answers a request, `close()` closes the client."""

    kinds = [
        (TimeoutError, "timeout"),
        (ConnectionRefusedError, "connect"),
        ((ConnectionResetError, BrokenPipeError), "reset"),
    ]

    def body(self, command):
        return b"x" * command["body"] if command["body"] else None


class Blocking(Shim):
    """Each request blocks a thread. None can be given up."""

    def run(self):
        for line in sys.stdin:
            command = json.loads(line)
            match command["op"]:
                case "configure":
                    say({"n": 0, "version": self.make(command)})
                case "send":
                    threading.Thread(target=self.answer, args=(command,), daemon=True).start()
                case "close":
                    self.close()
                    say({"n": command["n"]})
        os._exit(0)

    def answer(self, command):
        try:
            say({"n": command["n"], **self.perform(command)})
        except Exception as error:
            say(failed(command["n"], error, self.kinds))


class Async(Shim):
    """Each request is a task of the event loop, which reads the commands too."""

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        self.tasks, self.rest, self.over = {}, b"", asyncio.Event()
        os.set_blocking(0, False)
        asyncio.get_running_loop().add_reader(0, self.read)
        await self.over.wait()
        os._exit(0)

    def read(self):
        chunk = os.read(0, 1 << 20)
        if not chunk:
            self.over.set()
            return
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            self.obey(json.loads(line))

    def obey(self, command):
        match command["op"]:
            case "send":
                self.tasks[command["n"]] = asyncio.ensure_future(self.answer(command))
            case "cancel":
                self.tasks[command["n"]].cancel()
            case "configure":
                self.other = asyncio.ensure_future(self.configure(command))
            case "close":
                self.other = asyncio.ensure_future(self.end(command))
            case "drop":
                self.client = None

    async def configure(self, command):
        say({"n": 0, "version": await self.make(command)})

    async def end(self, command):
        await self.close()
        say({"n": command["n"]})

    async def answer(self, command):
        try:
            say({"n": command["n"], **await self.perform(command)})
        except asyncio.CancelledError:
            pass
        except Exception as error:
            say(failed(command["n"], error, self.kinds))
