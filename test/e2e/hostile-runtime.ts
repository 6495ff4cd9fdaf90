/** What a hostile runtime says to the APIs of its environment, as data: Python for hostile_runtime.py, and how its invocation may end. */

export interface HostileTalk {
  readonly name: string;
  /** May use say(bytes), post(path, body, headers), first_line(socket), own (path of its invocation), open_line(). Sets result. */
  readonly says: string;
  /** What the invocation answers, or the error it ends in. */
  readonly answered: RegExp;
}

/** An answer that says no, or a connection that is closed. */
const NO = "(4\\d\\d|501|505|closed)";
const ALL_NO = new RegExp(`^\\[("?${NO}"?(, ?)?)+\\]$`);

export const HOSTILE_TALK: readonly HostileTalk[] = [
  {
    name: "garbage, and protocols that are not its",
    says: `
      result = [say(text) for text in (b"\\0\\xff\\xfe garbage\\r\\n\\r\\n", b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n",
          b"\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03" + b"x" * 600 + b"\\r\\n\\r\\n", b"GET /\\r\\n\\r\\n", b"*1\\r\\n$4\\r\\nPING\\r\\n\\r\\n")]`,
    answered: ALL_NO,
  },
  {
    name: "methods and upgrades that lead elsewhere",
    says: `
      result = [say(("%s %s HTTP/1.1\\r\\nHost: x\\r\\n%s\\r\\n" % request).encode()) for request in (
          ("CONNECT", "169.254.169.254:80", ""), ("TRACE", "/", ""), ("GET", "http://127.0.0.1/", ""), ("DELETE", own, ""),
          ("GET", "/2018-06-01/../../etc/passwd", ""), ("GET", "/", "Connection: Upgrade\\r\\nUpgrade: websocket\\r\\n"))]`,
    answered: ALL_NO,
  },
  {
    name: "lies about how long its bodies are",
    says: `
      head = "POST %s/response HTTP/1.1\\r\\nHost: x\\r\\n" % "/2018-06-01/runtime/invocation/x"
      result = [say((head + more).encode()) for more in (
          "Content-Length: 5\\r\\nContent-Length: 6\\r\\n\\r\\n12345", "Content-Length: -1\\r\\n\\r\\n", "Content-Length: 1e3\\r\\n\\r\\n",
          "Content-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n", "Content-Length: 99999999999999999999\\r\\n\\r\\n",
          "Transfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n", "Transfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffff\\r\\n",
          "Transfer-Encoding: gzip, identity\\r\\n\\r\\n")]`,
    answered: /^\[("(4\d\d|501|closed|silent)"(, ?)?)+\]$/,
  },
  {
    name: "heads without an end",
    says: `
      result = [say(b"GET /" + b"x" * (1 << 20)), say(b"GET / HTTP/1.1\\r\\n" + b"a: b\\r\\n" * 200_000),
          say(b"GET / HTTP/1.1\\r\\nx: " + b"y" * (1 << 20)), say(b"\\r\\n" * 500_000)]`,
    answered: ALL_NO,
  },
  {
    name: "answers to invocations that are not its: others' ids, forged ids, paths instead of ids",
    says: `
      ids = ["00000000-0000-4000-8000-000000000000", event["neighbour"], "..", "%2e%2e", "", "x" * 10_000, own.split("/")[-1].upper() + "0",
          "../" + own.split("/")[-1] + "/..", "*", "null"]
      result = [post("/2018-06-01/runtime/invocation/%s/%s" % (id, what), b"stolen") for id in ids for what in ("response", "error")]`,
    answered: ALL_NO,
  },
  {
    name: "a second answer, and an error after the answer",
    says: `
      post(own + "/response", b'"first"')
      post(own + "/response", b'"second"'); post(own + "/error", b"{}")
      result = None`,
    answered: /^"first"$/,
  },
  {
    name: "an answer and, behind it, the head of another",
    says: `
      line = open_line()
      body = b'"first"'
      one = ("POST %s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n" % (own, len(body))).encode() + body
      line.sendall(one + one + one)
      first_line(line); result = None`,
    answered: /^"first"$/,
  },
  {
    name: "an answer in chunks without an end, which is thrown away as it comes",
    says: `
      line = open_line()
      line.sendall(("POST %s/response HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" % own).encode())
      sent = 0
      try:
          while sent < 400 << 20: line.sendall(b"100000\\r\\n" + b"x" * 0x100000 + b"\\r\\n"); sent += 1 << 20
      except OSError: pass
      line.close(); result = "thrown away"`,
    answered: /thrown away|ResponseSizeTooLarge|TruncatedResponse/,
  },
  {
    name: "an answer in a hundred thousand chunks of a byte",
    says: `
      line = open_line()
      line.sendall(("POST %s/response HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" % own).encode())
      line.sendall(b"1\\r\\n1\\r\\n" * 100_000 + b"0\\r\\n\\r\\n")
      first_line(line); result = None`,
    answered: /^1{100000}$/,
  },
  {
    name: "an error of ten megabytes, one nested without end, one with a type that is none",
    says: `
      post(own + "/error", b"[" * 500_000, {"Lambda-Runtime-Function-Error-Type": "x" * 5000})
      result = None`,
    answered: /.*/,
  },
  {
    name: "lines for its log and headers that would end where they should not",
    says: `
      post(own + "/error", b'{"errorMessage":"a\\\\r\\\\nREPORT RequestId: forged","errorType":"a\\\\nb"}',
          {"Lambda-Runtime-Function-Error-Type": "a\\x0bb\\x7f"})
      result = None`,
    answered: /.*/,
  },
  {
    name: "half a head from hundreds of connections (slow loris)",
    says: `
      lines = [open_line() for _ in range(600)]
      for line in lines: line.sendall(b"POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\\r\\nContent-Length: 1000000\\r\\nX-")
      result = [post("/2018-06-01/runtime/invocation/x/response", b"x")]
      for line in lines: line.close()`,
    answered: ALL_NO,
  },
  {
    name: "thousands of connections, parked by many processes",
    says: `
      children = []
      for _ in range(4):
          pid = os.fork()
          if pid == 0:
              held = []
              try:
                  while len(held) < 900: held.append(open_line())
              except OSError: pass
              time.sleep(60); os._exit(0)
          children.append(pid)
      time.sleep(0.5)
      result = [post("/2018-06-01/runtime/invocation/x/response", b"x")]
      for pid in children: os.kill(pid, 9)
      for pid in children: os.waitpid(pid, 0)`,
    answered: ALL_NO,
  },
  {
    name: "bodies announced and never sent",
    says: `
      lines = [open_line() for _ in range(200)]
      for line in lines:
          line.sendall(("POST %s/response HTTP/1.1\\r\\nHost: x\\r\\nExpect: 100-continue\\r\\nContent-Length: 6000000\\r\\n\\r\\n" % own).encode())
      for line in lines: line.close()
      result = "went on"`,
    answered: /went on|^\{.*errorType.*\}$/,
  },
  {
    name: "asking for the next invocation from everywhere at once",
    says: `
      lines = [open_line() for _ in range(200)]
      for line in lines: line.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
      result = sorted({first_line(line) for line in lines})
      for line in lines: line.close()`,
    answered: ALL_NO,
  },
  {
    name: "ten thousand requests in one breath",
    says: `
      line = open_line()
      request = b"POST /2018-06-01/runtime/invocation/x/error HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
      threading.Thread(target=line.sendall, args=(request * 10_000,), daemon=True).start()
      answers = b""
      while answers.count(b"HTTP/1.1 ") < 10_000:
          piece = line.recv(1 << 20)
          if not piece: break
          answers += piece
      result = sorted({answer[:3].decode() for answer in answers.split(b"HTTP/1.1 ")[1:]})`,
    answered: ALL_NO,
  },
  {
    name: "ten thousand requests whose answers it never reads",
    says: `
      line = open_line()
      line.settimeout(1)
      request = b"POST /2018-06-01/runtime/invocation/x/error HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
      try:
          for _ in range(100): line.sendall(request * 1000)
      except OSError: pass
      result = [post("/2018-06-01/runtime/invocation/x/response", b"x")]`,
    answered: ALL_NO,
  },
  {
    name: "errors of an init that is over",
    says: `result = [post("/2018-06-01/runtime/init/error", b"{}") for _ in range(3)]`,
    answered: ALL_NO,
  },
  {
    name: "extensions that register too late, too often, without a name, with one of megabytes",
    says: `
      register = "/2020-01-01/extension/register"
      result = [post(register, b'{"events":["INVOKE"]}', {"Lambda-Extension-Name": "e%d" % n}) for n in range(30)]
      result += [post(register, b"{}"), post(register, b"{}", {"Lambda-Extension-Name": "x" * 60_000}), post(register, b"[" * 3_000_000)]`,
    answered: ALL_NO,
  },
  {
    name: "extensions' ids that are none: next events, errors, subscriptions",
    says: `
      forged = {"Lambda-Extension-Identifier": "00000000-0000-4000-8000-000000000000"}
      result = [get("/2020-01-01/extension/event/next", forged), get("/2020-01-01/extension/event/next"),
          post("/2020-01-01/extension/init/error", b"{}", dict(forged, **{"Lambda-Extension-Function-Error-Type": "x"})),
          post("/2020-01-01/extension/exit/error", b"{}", dict(forged, **{"Lambda-Extension-Function-Error-Type": "x"}))]`,
    answered: ALL_NO,
  },
  {
    name: "telemetry to somebody else: the host, the region, the cloud, other environments",
    says: `
      result = [put("/2022-07-01/telemetry", json.dumps({"schemaVersion": "2022-12-13", "types": ["platform"],
          "destination": {"protocol": protocol, "URI": uri, "port": 4566}}).encode()) for protocol, uri in (
          ("HTTP", "http://127.0.0.1:4566/"), ("HTTP", "http://169.254.169.254/"), ("HTTP", "http://198.18.0.1:22"), ("TCP", None), ("FTP", "ftp://x"))]`,
    answered: ALL_NO,
  },
  {
    name: "the region's own endpoint, without a signature and with a forged one",
    says: `
      region = os.environ["AWS_ENDPOINT_URL"].split("//")[1].split(":")
      forged = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
      result = [get(path, headers, region) for headers in ({}, {"Authorization": forged}, {"Authorization": "AWS4-HMAC-SHA256 x"})
          for path in ("/2015-03-31/functions/", "/_alonzo/environments", "/2015-03-31/functions/%s" % os.environ["AWS_LAMBDA_FUNCTION_NAME"])]`,
    answered: ALL_NO,
  },
  {
    name: "half an answer, and the end of its process",
    says: `
      open_line().sendall(("POST %s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000\\r\\n\\r\\nhalf" % own).encode())
      os._exit(0)`,
    answered: /Runtime\.ExitError|Runtime\.TruncatedResponse/,
  },
];
