import os
import tempfile

import requests
import requests.adapters
import urllib3

from closewait_shim import Blocking, failed, seconds


class Requests(Blocking):
    kinds = Blocking.kinds + [
        ((urllib3.exceptions.NewConnectionError, requests.exceptions.ConnectTimeout), "connect"),
        ((requests.exceptions.Timeout,), "timeout"),
        ((urllib3.exceptions.ProtocolError, requests.exceptions.ChunkedEncodingError), "closed"),
    ]

    def make(self, command):
        settings = command["settings"]
        self.base = command["base"]
        self.timeout = (seconds(settings["connect_timeout"]), seconds(settings["read_timeout"]))
        self.session = requests.Session()
        self.session.trust_env = False
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=settings["max_idle"] or 100)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        if command["authority"]:
            # It takes a file; the file has no name any more when the program ends.
            self.authority = tempfile.TemporaryFile("w")
            self.authority.write(command["authority"])
            self.authority.flush()
            self.session.verify = f"/proc/{os.getpid()}/fd/{self.authority.fileno()}"
        return requests.__version__

    def perform(self, command):
        response = self.session.request(
            command["method"],
            self.base + command["path"],
            headers=dict(command["headers"]),
            data=self.body(command),
            timeout=self.timeout,
            stream=True,
        )
        body, end = b"", "complete"
        try:
            for chunk in response.raw.stream(65536, decode_content=False):
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
        self.session.close()


if __name__ == "__main__":
    Requests().run()
