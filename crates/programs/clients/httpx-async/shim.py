import ssl

import httpcore
import httpx

from closewait_shim import Async, failed, seconds


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


class HttpxAsync(Async):
    kinds = Async.kinds + KINDS

    async def make(self, command):
        self.client = httpx.AsyncClient(**transport_settings(command))
        return httpx.__version__

    async def perform(self, command):
        request = self.client.build_request(
            command["method"], command["path"], headers=command["headers"], content=self.body(command)
        )
        response = await self.client.send(request, stream=True)
        body, end = b"", "complete"
        try:
            async for chunk in response.aiter_raw():
                body += chunk
                if command["read"] is not None and len(body) >= command["read"]:
                    end = "dropped"
                    break
        except Exception as error:
            fault = failed(command["n"], error, self.kinds)
            return {**fault, "status": response.status_code, "body": body.decode("latin-1"), "end": "failed"}
        finally:
            await response.aclose()
        return {"status": response.status_code, "body": body.decode("latin-1"), "end": end}

    async def close(self):
        await self.client.aclose()


if __name__ == "__main__":
    HttpxAsync().run()
