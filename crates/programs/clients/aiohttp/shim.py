import ssl

import aiohttp

from closewait_shim import Async, failed, seconds

# aiohttp takes no idle timeout that never ends.
NEVER = 1e6


class Aiohttp(Async):
    kinds = Async.kinds + [
        ((aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError), "connect"),
        ((aiohttp.ServerTimeoutError,), "timeout"),
        ((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError), "closed"),
        ((aiohttp.ClientResponseError,), "protocol"),
        ((aiohttp.ClientOSError,), "reset"),
    ]

    async def make(self, command):
        settings = command["settings"]
        context = ssl.create_default_context(cadata=command["authority"]) if command["authority"] else True
        self.client = aiohttp.ClientSession(
            base_url=command["base"],
            connector=aiohttp.TCPConnector(
                limit=settings["max_connections"] or 0,
                keepalive_timeout=seconds(settings["idle_timeout"]) or NEVER,
                ssl=context,
            ),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=seconds(settings["connect_timeout"]), sock_read=seconds(settings["read_timeout"])
            ),
            auto_decompress=False,
        )
        return aiohttp.__version__

    async def perform(self, command):
        response = await self.client.request(
            command["method"], command["path"], headers=command["headers"], data=self.body(command)
        )
        body, end = b"", "complete"
        try:
            async for chunk in response.content.iter_any():
                body += chunk
                if command["read"] is not None and len(body) >= command["read"]:
                    end = "dropped"
                    break
        except Exception as error:
            fault = failed(command["n"], error, self.kinds)
            return {**fault, "status": response.status, "body": body.decode("latin-1"), "end": "failed"}
        finally:
            response.close() if end == "dropped" else response.release()
        return {"status": response.status, "body": body.decode("latin-1"), "end": end}

    async def close(self):
        await self.client.close()


if __name__ == "__main__":
    Aiohttp().run()
