import http.client
import platform
import ssl

from closewait_shim import Blocking, failed, seconds


class HttpClient(Blocking):
    kinds = Blocking.kinds + [((http.client.RemoteDisconnected, http.client.IncompleteRead), "closed"), ((http.client.HTTPException,), "protocol")]

    def make(self, command):
        settings = command["settings"]
        self.connect, self.read = seconds(settings["connect_timeout"]), seconds(settings["read_timeout"])
        if command["authority"]:
            context = ssl.create_default_context(cadata=command["authority"])
            self.connection = http.client.HTTPSConnection("origin.test", timeout=self.connect, context=context)
        else:
            self.connection = http.client.HTTPConnection("origin.test", timeout=self.connect)
        return platform.python_version()

    def perform(self, command):
        # As its users do: the connection is opened by the first request, and again by the first after an error or a close.
        try:
            if self.connection.sock is None:
                self.connection.connect()
            self.connection.sock.settimeout(self.read)
            self.connection.request(command["method"], command["path"], self.body(command), dict(command["headers"]))
            response = self.connection.getresponse()
        except Exception:
            self.connection.close()
            raise
        return self.answer_of(response, command)

    def answer_of(self, response, command):
        try:
            body = response.read(command["read"])
        except Exception as error:
            self.connection.close()
            body = getattr(error, "partial", b"")
            fault = failed(command["n"], error, self.kinds)
            return {**fault, "status": response.status, "body": body.decode("latin-1"), "end": "failed"}
        dropped = not response.isclosed()
        if dropped:
            self.connection.close()
        return {"status": response.status, "body": body.decode("latin-1"), "end": "dropped" if dropped else "complete"}

    def close(self):
        self.connection.close()


if __name__ == "__main__":
    HttpClient().run()
