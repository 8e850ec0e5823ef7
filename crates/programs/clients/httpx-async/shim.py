import httpx

from closewait_httpx import KINDS, transport_settings
from closewait_shim import Async, failed


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
