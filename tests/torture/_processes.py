"""Functions in processes of their own, which may be killed, may crash, or may be watched."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

PATIENCE = 300  # seconds after which a process counts as one that hangs
PRELOADED = ["clustimage", "sklearn.manifold", "skimage.feature", "clusteval", "pca", "timm"]


class Child:
    """A function that runs in a process, forked from one that has imported the libraries.

    With ``method="spawn"`` the process is a new one, whose memory is its own.
    """

    def __init__(
        self, function: Callable[..., Any], *arguments: Any, method: str = "forkserver"
    ) -> None:
        context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(PRELOADED)
        self._answers, sender = context.Pipe(duplex=False)
        self.process = context.Process(target=_send, args=(sender, function, *arguments))
        self.process.start()
        sender.close()

    def answer(self) -> Any:
        """Return what the function has returned, or the exception that it has raised.

        Raises
        ------
        ChildProcessError
            If the process has ended without an answer.
        TimeoutError
            If it does not end.
        """
        try:
            if not self._answers.poll(PATIENCE):
                raise TimeoutError(f"no answer within {PATIENCE} seconds")
            answer = self._answers.recv()
        except EOFError:
            self.process.join()
            raise ChildProcessError(f"exit code {self.process.exitcode}") from None
        else:
            self.process.join(PATIENCE)
            return answer
        finally:
            self.kill()

    def kill(self) -> bool:
        """Kill the process; return whether it was still at work."""
        self.process.kill()
        self.process.join()
        self._answers.close()
        return self.process.exitcode != 0


def _send(sender: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    try:
        answer = function(*arguments)
    except Exception as error:  # noqa: BLE001 - it is the answer
        answer = error
    sender.send(answer)
