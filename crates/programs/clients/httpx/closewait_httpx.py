"""What both clients of httpx have in common."""

import ssl

import httpcore
import httpx

from closewait_shim import seconds


def transport_settings(command):
    settings = command["settings"]
    verify = True
    if command["authority"]:
        verify = ssl.create_default_context(cadata=command["authority"])
    limits = httpx.Limits(
        max_connections=settings["max_connections"],
        max_keepalive_connections=settings["max_idle"],
        keepalive_expiry=seconds(settings["idle_timeout"]),
    )
    timeout = httpx.Timeout(None, connect=seconds(settings["connect_timeout"]), read=seconds(settings["read_timeout"]))
    return {
        "verify": verify,
        "limits": limits,
        "timeout": timeout,
        "http2": command["speaks"] == "https2",
        "trust_env": False,
        "base_url": command["base"],
    }


KINDS = [
    ((httpx.ConnectError, httpx.ConnectTimeout, httpcore.ConnectError), "connect"),
    ((httpx.TimeoutException,), "timeout"),
    ((httpx.RemoteProtocolError,), "closed"),
    ((httpx.ReadError, httpx.WriteError), "reset"),
    ((httpx.PoolTimeout,), "canceled"),
]
