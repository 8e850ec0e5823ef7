import pycurl

from closewait_shim import Blocking

KINDS = {
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_GOT_NOTHING: "closed",
    pycurl.E_PARTIAL_FILE: "closed",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
}


class Curl(Blocking):
    def make(self, command):
        self.base, self.settings, self.authority = command["base"], command["settings"], command["authority"]
        self.version = {"h2": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, "https2": pycurl.CURL_HTTP_VERSION_2TLS}.get(
            command["speaks"], pycurl.CURL_HTTP_VERSION_1_1
        )
        self.curl = pycurl.Curl()
        return pycurl.version

    def perform(self, command):
        curl, body = self.curl, bytearray()
        # What is reset are options: the connections stay.
        curl.reset()
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, self.version)
        curl.setopt(pycurl.URL, self.base + command["path"])
        curl.setopt(pycurl.CUSTOMREQUEST, command["method"])
        curl.setopt(pycurl.NOBODY, command["method"] == "HEAD")
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in command["headers"]] + ["Expect:"])
        curl.setopt(pycurl.WRITEFUNCTION, body.extend)
        if command["body"]:
            curl.setopt(pycurl.POSTFIELDS, "x" * command["body"])
        if self.authority:
            curl.setopt(pycurl.CAINFO_BLOB, self.authority.encode())
        # Whole seconds; by itself libcurl closes what has been idle for 118 of them.
        idle = self.settings["idle_timeout"]
        curl.setopt(pycurl.MAXAGE_CONN, 10**6 if idle is None else max(1, idle // 1000))
        if self.settings["connect_timeout"]:
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, self.settings["connect_timeout"])
        try:
            curl.perform()
        except pycurl.error as error:
            code, message = error.args
            fault = {"kind": KINDS.get(code, "other"), "message": f"curl: ({code}) {message}"}
            status = curl.getinfo(pycurl.RESPONSE_CODE)
            # An interim answer is not what was asked for.
            if status >= 200:
                return {**fault, "status": status, "body": body.decode("latin-1"), "end": "failed"}
            return fault
        return {"status": curl.getinfo(pycurl.RESPONSE_CODE), "body": body.decode("latin-1"), "end": "complete"}

    def close(self):
        self.curl.close()


if __name__ == "__main__":
    Curl().run()
