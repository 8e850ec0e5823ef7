import httpx

from closewait_httpx import KINDS, transport_settings
from closewait_shim import Blocking, failed


class Httpx(Blocking):
    kinds = Blocking.kinds + KINDS

    def make(self, command):
        self.client = httpx.Client(**transport_settings(command))
        return httpx.__version__

    def perform(self, command):
        request = self.client.build_request(
            command["method"], command["path"], headers=command["headers"], content=self.body(command)
        )
        response = self.client.send(request, stream=True)
        body, end = b"", "complete"
        try:
            for chunk in response.iter_raw():
                body += chunk
                if command["read"] is not None and len(body) >= command["read"]:
                    end = "dropped"
                    break
        except Exception as error:
            fault = failed(command["n"], error, self.kinds)
            return {**fault, "status": response.status_code, "body": body.decode("latin-1"), "end": "failed"}
        finally:
            response.close()
        return {"status": response.status_code, "body": body.decode("latin-1"), "end": end}

    def close(self):
        self.client.close()


if __name__ == "__main__":
    Httpx().run()
