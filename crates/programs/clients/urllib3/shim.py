import ssl

import urllib3

from closewait_shim import Blocking, failed, seconds


class Urllib3(Blocking):
    kinds = Blocking.kinds + [
        ((urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError), "connect"),
        ((urllib3.exceptions.TimeoutError,), "timeout"),
        ((urllib3.exceptions.ProtocolError,), "closed"),
    ]

    def make(self, command):
        settings = command["settings"]
        self.base = command["base"]
        context = ssl.create_default_context(cadata=command["authority"]) if command["authority"] else None
        limit = settings["max_connections"]
        self.pool = urllib3.PoolManager(
            maxsize=limit or settings["max_idle"] or 100,
            block=limit is not None,
            timeout=urllib3.Timeout(
                connect=seconds(settings["connect_timeout"]), read=seconds(settings["read_timeout"])
            ),
            ssl_context=context,
        )
        return urllib3.__version__

    def perform(self, command):
        response = self.pool.request(
            command["method"],
            self.base + command["path"],
            headers=dict(command["headers"]),
            body=self.body(command),
            preload_content=False,
        )
        body, end = b"", "complete"
        try:
            for chunk in response.stream(65536, decode_content=False):
                body += chunk
                if command["read"] is not None and len(body) >= command["read"]:
                    end = "dropped"
                    response.close()
                    break
        except Exception as error:
            fault = failed(command["n"], error, self.kinds)
            return {**fault, "status": response.status, "body": body.decode("latin-1"), "end": "failed"}
        finally:
            response.release_conn()
        return {"status": response.status, "body": body.decode("latin-1"), "end": end}

    def close(self):
        self.pool.clear()


if __name__ == "__main__":
    Urllib3().run()
