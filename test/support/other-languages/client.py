"""Posts each body of its arguments on one connection, by Python's own HTTP client, and prints what came as frames."""
import http.client
import sys

host, port, *bodies = sys.argv[1:]
connection = http.client.HTTPConnection(host, int(port), timeout=60)
for body in bodies:
    connection.request("POST", "/v1/chat/completions", body.encode(), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = b""
    # As a reader of a stream does it: what has come, however little.
    while piece := response.read1(1000):
        text += piece
    # Only now does it know that the connection is free.
    response.read()
    head = f"{response.status} {response.getheader('content-type')} {len(text)}\n"
    sys.stdout.buffer.write(head.encode() + text)
